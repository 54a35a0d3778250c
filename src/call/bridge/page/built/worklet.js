"use strict";
(() => {
  // playout.ts
  var Playout = class {
    constructor(target) {
      this.target = target;
    }
    target;
    underruns = 0;
    dropped = 0;
    filled = 0;
    #frames = [];
    #taken = 0;
    #playing = false;
    put(samples) {
      this.#frames.push(samples);
      this.filled += samples.length;
      while (this.filled > MOST * this.target) {
        this.filled -= this.#frames.shift().length - this.#taken;
        this.#taken = 0;
        this.dropped += 1;
      }
      if (this.filled >= this.target) this.#playing = true;
    }
    take(block) {
      let at = 0;
      while (this.#playing && at < block.length) {
        const frame = this.#frames[0];
        if (!frame) {
          this.#playing = false;
          this.underruns += 1;
          break;
        }
        const many = Math.min(block.length - at, frame.length - this.#taken);
        for (let n = 0; n < many; n += 1) block[at + n] = frame[this.#taken + n] / 32768;
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
    clear() {
      this.#frames = [];
      this.filled = this.#taken = 0;
      this.#playing = false;
    }
  };
  var MOST = 4;

  // protocol/protocol.ts
  var FRAME = { rate: 48e3, samples: 480, head: 16, bytes: 16 + 2 * 480 };

  // worklet.ts
  var Bridge = class extends AudioWorkletProcessor {
    #port = null;
    #playout = new Playout(TARGET);
    #isOpen = false;
    #over = false;
    #collected = new Int16Array(FRAME.samples);
    #length = 0;
    #since = 0;
    #counted = 0;
    constructor() {
      super();
      this.port.onmessage = ({ data }) => this.#told(data);
    }
    process([input], [output]) {
      const heard = input?.[0];
      if (heard) this.#collect(heard);
      const block = output?.[0];
      if (block) this.#playout.take(block);
      this.#count();
      return !this.#over;
    }
    #told(message) {
      if ("end" in message) this.#over = true;
      else if ("port" in message) {
        this.#port = message.port;
        this.#port.onmessage = ({ data }) => this.#isOpen && this.#playout.put(data);
      } else {
        this.#isOpen = message.isOpen;
        if (!this.#isOpen) this.#playout.clear();
      }
    }
    #collect(heard) {
      for (let n = 0; n < heard.length; n += 1) {
        if (this.#length === 0) this.#since = currentTime + n / sampleRate;
        const sample = Math.max(-1, Math.min(1, heard[n]));
        this.#collected[this.#length] = Math.round(sample * 32767);
        this.#length += 1;
        if (this.#length < FRAME.samples) continue;
        const samples = this.#collected;
        this.#collected = new Int16Array(FRAME.samples);
        this.#length = 0;
        this.#port?.postMessage({ samples, seconds: this.#since }, [samples.buffer]);
      }
    }
    #count() {
      if (currentTime - this.#counted < 1) return;
      this.#counted = currentTime;
      const { underruns, dropped, filled } = this.#playout;
      this.#port?.postMessage({ underruns, dropped, filled });
    }
  };
  var TARGET = 2 * FRAME.samples;
  registerProcessor("bridge", Bridge);
})();
