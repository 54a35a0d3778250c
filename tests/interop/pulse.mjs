// A PulseAudio server of one's own without hardware: the speaker `spk`, and the microphone `virtmic`, which hears what is played into `mic`.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { RATE, bytes, samples, sine } from "./tone.mjs";

const MODULES = [
  "module-native-protocol-unix",
  "module-null-sink sink_name=spk rate=48000 sink_properties=device.description=Speaker",
  "module-null-sink sink_name=mic rate=48000 sink_properties=device.description=Mouth",
  "module-remap-source master=mic.monitor source_name=virtmic source_properties=device.description=Microphone",
];
const FORMAT = ["--raw", "--format=float32le", `--rate=${RATE}`, "--channels=1", "--latency-msec=20"];

export class Pulse {
  #folder = mkdtempSync(join(process.env.WORK, "pulse-"));
  #children = new Set();

  constructor() {
    this.#run("pulseaudio", ["-n", "--daemonize=yes", "--exit-idle-time=-1", "--disallow-exit", ...MODULES.map((module) => `--load=${module}`)]);
    this.#run("pactl", ["set-default-sink", "spk"]);
    this.#run("pactl", ["set-default-source", "virtmic"]);
  }

  // What a client needs to know; the cookie lies below HOME.
  get environment() {
    return { HOME: this.#folder, PULSE_SERVER: `unix:${join(this.#folder, "pulse", "native")}` };
  }

  // Takes the microphone away.
  unplug() {
    this.#run("pactl", ["unload-module", "module-remap-source"]);
  }

  // Speaks a tone without end into the microphone.
  speak(hertz, dbfs) {
    // A tenth of a second holds whole periods of every tone that is a multiple of 10 Hz.
    this.say(sine(hertz, dbfs, RATE / 10));
  }

  // Says the same into the microphone over and over.
  say(words) {
    const child = this.#start("pacat", ["--playback", "--device=mic", ...FORMAT], "pipe", "ignore");
    const said = bytes(words);
    const more = () => {
      while (child.stdin.write(said));
    };
    child.stdin.on("drain", more).on("error", () => {});
    more();
  }

  // What the speaker plays: each call answers the next so many samples from then on.
  listen() {
    const child = this.#start("pacat", ["--record", "--device=spk.monitor", ...FORMAT], "ignore", "pipe");
    // Read all the time: what waits in a pipe is of an earlier moment.
    let hear = () => {};
    let gone = () => {};
    child.stdout.on("data", (data) => hear(data));
    child.once("exit", () => gone());
    return (wanted) => new Promise((resolve, reject) => {
      let kept = Buffer.alloc(0);
      gone = () => reject(new Error("the recorder ended"));
      if (child.exitCode !== null || child.signalCode !== null) return gone();
      hear = (data) => {
        kept = Buffer.concat([kept, data]);
        if (kept.length < wanted * 4) return;
        hear = () => {};
        resolve(samples(kept.subarray(0, wanted * 4)));
      };
    });
  }

  async stop() {
    for (const child of this.#children) {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    }
    process.kill(Number(readFileSync(join(this.#folder, "pulse", "pid"), "utf8")), "SIGKILL");
  }

  #start(program, args, ...ends) {
    const child = spawn(program, args, { env: this.#own, stdio: [...ends, "ignore"] });
    this.#children.add(child);
    return child;
  }

  #run(program, args) {
    const { status, error, stderr } = spawnSync(program, args, { env: this.#own, timeout: 10_000, stdio: ["ignore", "ignore", "pipe"] });
    if (status !== 0) throw error ?? new Error(`${program}: ${stderr}`);
  }

  get #own() {
    return { ...this.environment, PATH: process.env.PATH, XDG_RUNTIME_DIR: this.#folder };
  }
}
