// Both directions of raw sound at the clock of the browser: the call's sound becomes frames, frames become the call's microphone.
//
// In: 128 samples at a time, collected to 480. Out: from `Playout`, and silence unless the gate is open. The other end of
// the port is `worker.ts`; the page's main thread only connects the two.
import { Playout } from "./playout.js";
import { FRAME } from "./protocol/protocol.js";

// What the browser gives a worklet and TypeScript's library does not declare.
declare const sampleRate: number;
declare const currentTime: number;
declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

// From the worker: a frame's samples. To the worker: captured samples and when the first was heard, or counters.
export type FromWorklet = { samples: Int16Array; seconds: number } | { underruns: number; dropped: number; filled: number };
// From the page: the worker's port; whether what the program sends may be heard in the call; the end.
export type ToWorklet = { port: MessagePort } | { isOpen: boolean } | { end: true };

class Bridge extends AudioWorkletProcessor {
  #port: MessagePort | null = null;
  #playout = new Playout(TARGET);
  #isOpen = false;
  #over = false;
  #collected = new Int16Array(FRAME.samples);
  #length = 0;
  #since = 0;
  #counted = 0;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<ToWorklet>) => this.#told(data);
  }

  process([input]: Float32Array[][], [output]: Float32Array[][]): boolean {
    const heard = input?.[0];
    // Without a source there is nothing to tell: no frames, rather than silent ones.
    if (heard) this.#collect(heard);
    const block = output?.[0];
    if (block) this.#playout.take(block);
    this.#count();
    return !this.#over;
  }

  #told(message: ToWorklet): void {
    if ("end" in message) this.#over = true;
    else if ("port" in message) {
      this.#port = message.port;
      this.#port.onmessage = ({ data }: MessageEvent<Int16Array>) => this.#isOpen && this.#playout.put(data);
    } else {
      this.#isOpen = message.isOpen;
      // Not a word of before is heard later.
      if (!this.#isOpen) this.#playout.clear();
    }
  }

  #collect(heard: Float32Array): void {
    for (let n = 0; n < heard.length; n += 1) {
      if (this.#length === 0) this.#since = currentTime + n / sampleRate;
      const sample = Math.max(-1, Math.min(1, heard[n]!));
      this.#collected[this.#length] = Math.round(sample * 32767);
      this.#length += 1;
      if (this.#length < FRAME.samples) continue;
      const samples = this.#collected;
      this.#collected = new Int16Array(FRAME.samples);
      this.#length = 0;
      this.#port?.postMessage({ samples, seconds: this.#since } satisfies FromWorklet, [samples.buffer]);
    }
  }

  #count(): void {
    if (currentTime - this.#counted < 1) return;
    this.#counted = currentTime;
    const { underruns, dropped, filled } = this.#playout;
    this.#port?.postMessage({ underruns, dropped, filled } satisfies FromWorklet);
  }
}

// Twenty milliseconds wait before the first is played.
const TARGET = 2 * FRAME.samples;

registerProcessor("bridge", Bridge);
