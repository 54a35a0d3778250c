// What waits to be played to the call: frames go in as they come, blocks of any length are taken by the clock of the browser.
//
// Starts when the target is reached; when it runs dry it is silent until the target is reached again. What is more than four times the
// target is dropped, the oldest first. The program owns the correction of drift.
export class Playout {
  underruns = 0;
  dropped = 0;
  filled = 0;
  #frames: Int16Array[] = [];
  #taken = 0;
  #playing = false;

  constructor(private readonly target: number) {}

  put(samples: Int16Array): void {
    this.#frames.push(samples);
    this.filled += samples.length;
    while (this.filled > MOST * this.target) {
      this.filled -= this.#frames.shift()!.length - this.#taken;
      this.#taken = 0;
      this.dropped += 1;
    }
    if (this.filled >= this.target) this.#playing = true;
  }

  take(block: Float32Array): void {
    let at = 0;
    while (this.#playing && at < block.length) {
      const frame = this.#frames[0];
      if (!frame) {
        this.#playing = false;
        this.underruns += 1;
        break;
      }
      const many = Math.min(block.length - at, frame.length - this.#taken);
      for (let n = 0; n < many; n += 1) block[at + n] = frame[this.#taken + n]! / 32768;
      at += many;
      this.#taken += many;
      this.filled -= many;
      if (this.#taken === frame.length) {
        this.#frames.shift();
        this.#taken = 0;
      }
    }
    block.fill(0, at);
  }

  clear(): void {
    this.#frames = [];
    this.filled = this.#taken = 0;
    this.#playing = false;
  }
}

const MOST = 4;
