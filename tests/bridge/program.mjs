// Stands where the program will: serves the page and the bundle on loopback, and holds the other end of both sockets.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { randomBytes, timingSafeEqual } from "node:crypto";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";
import { passed } from "./passed.mjs";

const page = join(dirname(fileURLToPath(import.meta.url)), "../../src/call/bridge/page");
const POLICY = readFileSync(join(page, "policy.txt"), "utf8").trim();
const PROTOCOL = "sidetone.bridge.1";
const SECRET = "sidetone.secret.";
const SAMPLES = 480;
const HEAD = 16;

export class Program {
  secret = randomBytes(32).toString("hex");
  // Everything the page said, in order; and every frame of sound.
  said = [];
  frames = [];
  refusals = 0;
  requests = [];
  #sockets = {};
  #waiting = new Set();
  #asked = 0;
  #sequence = 0;

  // `sdk`: the file that is served as /sdk.js, or nothing. `local`: what else the page may connect to, on this machine.
  static async start({ sdk, local = "", token = () => ({ because: "nobody gave the test a token" }), silence = 5000, version = 1 } = {}) {
    const self = new Program();
    Object.assign(self, { sdk, local, token, silence, version });
    // A program is never silent for long.
    self.beats = setInterval(() => silence >= 5000 && self.say({ type: "beat", count: 0 }), 1000);
    self.http = createServer((request, response) => self.#serve(request, response));
    const upgrades = new WebSocketServer({ noServer: true, handleProtocols: (offered) => offered.has(PROTOCOL) && PROTOCOL });
    self.http.on("upgrade", (request, socket, head) => {
      const kind = request.url.slice(1);
      if (!self.#mayEnter(request, kind)) {
        self.refusals += 1;
        return socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
      }
      upgrades.handleUpgrade(request, socket, head, (opened) => self.#attach(kind, opened));
    });
    self.http.listen(0, "127.0.0.1");
    await once(self.http, "listening");
    // By this name alone: the official SDK refuses to run on a page whose host is a bare address, loopback or not.
    self.origin = `http://localhost:${self.http.address().port}`;
    return self;
  }

  get address() {
    return `${this.origin}/#${this.secret}`;
  }

  say(message) {
    this.#sockets.control?.send(JSON.stringify(message));
    if (!("id" in message)) passed.toPage.add(message.type);
  }

  // A command and its result.
  async ask(type, members = {}, ms = 20_000) {
    const id = ++this.#asked;
    const before = this.said.length;
    this.say({ type, id, ...members });
    const told = await this.until(({ type, id: of }) => (type === "done" || type === "failed") && of === id, `answered ${type}`, { from: before, ms });
    assertOnce(this.said, id);
    if (told.type === "failed") throw Object.assign(new Error(`${type}: ${JSON.stringify(told.error)}`), { told: told.error });
    passed.toPage.add(type);
    return told.result;
  }

  // The error of a command that must fail.
  async refused(type, members) {
    try {
      await this.ask(type, members);
    } catch (error) {
      if (error.told) return error.told;
      throw error;
    }
    throw new Error(`${type} did not fail`);
  }

  // The first message from a place on that is so; members, or a function.
  until(wanted, what = JSON.stringify(wanted), { from = 0, ms = 10_000 } = {}) {
    const matches = typeof wanted === "function" ? wanted : (message) => includes(message, wanted);
    const found = () => this.said.slice(from).find(matches);
    return this.#wait(found, what, ms);
  }

  // Does something, and waits for what the page says since then.
  async after(act, wanted, what = undefined) {
    const from = this.mark;
    await act();
    return this.until(wanted, what, { from });
  }

  // How much was said by now: what comes after is news.
  get mark() {
    return this.said.length;
  }

  closed(ms = 10_000) {
    return this.#wait(() => this.hasClosed, "closed its sockets", ms);
  }

  // Cuts a line, as a program that ends does.
  cut(kind) {
    this.#sockets[kind].terminate();
  }

  // Frames of a tone at their pace, until the answer is called.
  speak(call, hertz, level = 0.25) {
    let n = 0;
    const started = performance.now();
    const timer = setInterval(() => {
      while (n * 10 < performance.now() - started) {
        const samples = Int16Array.from({ length: SAMPLES }, (_, at) => 32767 * level * Math.sin((2 * Math.PI * hertz * (n * SAMPLES + at)) / 48000));
        this.sendFrame({ call, samples, micros: n * 10_000 });
        n += 1;
      }
    }, 5);
    return () => clearInterval(timer);
  }

  sendFrame({ call, samples, micros, sequence = this.#sequence++ }) {
    const bytes = Buffer.alloc(HEAD + 2 * SAMPLES);
    bytes.writeUInt32LE(sequence, 0);
    bytes.writeUInt32LE(call, 4);
    bytes.writeBigUInt64LE(BigInt(Math.round(micros)), 8);
    Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength).copy(bytes, HEAD);
    this.#sockets.pcm?.send(bytes);
  }

  sendBytes(bytes) {
    this.#sockets.pcm.send(bytes);
  }

  // So many frames of the call from now on, as samples from -1 to 1.
  async hear(call, many = 100, ms = 20_000) {
    const from = this.frames.length;
    const mine = () => this.frames.slice(from).filter((frame) => frame.call === call);
    await this.#wait(() => mine().length >= many, `sent ${many} frames of call ${call}`, ms);
    return Float32Array.from(mine().slice(0, many).flatMap(({ samples }) => [...samples]), (sample) => sample / 32768);
  }

  async stop() {
    clearInterval(this.beats);
    for (const socket of Object.values(this.#sockets)) socket.terminate();
    this.http.closeAllConnections();
    this.http.close();
  }

  #mayEnter({ headers, url }, kind) {
    const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
    const given = Buffer.from(offered.find((name) => name.startsWith(SECRET))?.slice(SECRET.length) ?? "");
    const wanted = Buffer.from(this.secret);
    const isRight = given.length === wanted.length && timingSafeEqual(given, wanted);
    const isOurs = headers.host === new URL(this.origin).host && headers.origin === this.origin;
    return isRight && isOurs && ["control", "pcm"].includes(kind) && !(kind in this.#sockets) && url.indexOf("?") < 0;
  }

  #attach(kind, socket) {
    this.#sockets[kind] = socket;
    socket.on("close", (code) => {
      this.hasClosed = true;
      this.closeCode ??= code;
      this.#look();
    });
    socket.on("message", (data, isBinary) => {
      if (kind === "pcm") this.#frame(data, isBinary);
      else this.#hear(JSON.parse(String(data)));
      this.#look();
    });
  }

  async #hear(message) {
    passed.toProgram.add(message.type);
    if (message.type === "beat" && message.count === 0) return;
    this.said.push(message);
    if (message.type === "hello") this.say({ type: "welcome", version: this.version, app: { name: "sidetone", version: "0.0.0" }, silence: this.silence });
    if (message.type === "tokenWanted") {
      const { token, expiresOn = null, because } = await this.token(message);
      if (token) this.say({ type: "token", wanted: message.wanted, token, expiresOn });
      else this.say({ type: "tokenRefused", wanted: message.wanted, because });
    }
  }

  #frame(data, isBinary) {
    if (!isBinary || data.length !== HEAD + 2 * SAMPLES) throw new Error(`a frame of ${data.length} bytes`);
    const samples = Int16Array.from({ length: SAMPLES }, (_, n) => data.readInt16LE(HEAD + 2 * n));
    this.frames.push({ at: performance.now(), sequence: data.readUInt32LE(0), call: data.readUInt32LE(4), micros: Number(data.readBigUInt64LE(8)), samples });
  }

  #serve({ url, method }, response) {
    this.requests.push(url);
    const name = url === "/" ? "index.html" : url.slice(1);
    const path = { "index.html": join(page, "index.html"), "sdk.js": this.sdk }[name] ?? (/^(page|worklet|worker)\.js$/.test(name) && join(page, "built", name));
    if (!path || method !== "GET") return response.writeHead(404).end();
    response.writeHead(200, {
      "content-type": name.endsWith(".html") ? "text/html; charset=utf-8" : "text/javascript; charset=utf-8",
      "content-security-policy": POLICY.replace("{local}", this.local),
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
    });
    response.end(readFileSync(path));
  }

  #look() {
    for (const look of this.#waiting) look();
  }

  #wait(found, what, ms) {
    return new Promise((resolve, reject) => {
      const done = (settle, value) => {
        this.#waiting.delete(look);
        clearTimeout(timer);
        settle(value);
      };
      const look = () => {
        const value = found();
        if (value) done(resolve, value);
      };
      const timer = setTimeout(() => done(reject, new Error(`the page never ${what}; it said at last ${JSON.stringify(this.said.slice(-8))}`)), ms);
      this.#waiting.add(look);
      look();
    });
  }
}

// Whether everything that is wanted is there, at any depth.
export function includes(value, wanted) {
  if (wanted === null || typeof wanted !== "object") return Object.is(value, wanted);
  return value !== null && typeof value === "object" && Object.entries(wanted).every(([key, part]) => includes(value[key], part));
}

function assertOnce(said, id) {
  const answers = said.filter((message) => (message.type === "done" || message.type === "failed") && message.id === id);
  if (answers.length !== 1) throw new Error(`command ${id} was answered ${answers.length} times`);
}
