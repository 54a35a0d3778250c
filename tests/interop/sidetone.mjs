// The program under test in a terminal of its own, and its control socket.
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

// A folder of this one's own, for everything it keeps.
function homeOf(name) {
  const home = join(process.env.WORK, name);
  mkdirSync(join(home, "run"), { recursive: true, mode: 0o700 });
  return home;
}

function tokenFileOf(name, token) {
  const file = join(homeOf(name), "token");
  writeFileSync(file, token, { mode: 0o600 });
  return file;
}

// A word as a shell takes it.
const quoted = (word) => `'${word.replaceAll("'", "'\\''")}'`;

// `script` gives a program a terminal; its arguments are not the same everywhere.
function inTerminal(program, args) {
  const line = `stty rows 40 cols 120; exec ${[program, ...args].map(quoted).join(" ")}`;
  if (process.platform === "darwin") return ["script", ["-q", "/dev/null", "sh", "-c", line]];
  return ["script", ["-qefc", line, "/dev/null"]];
}

export class Sidetone {
  written = "";
  news = [];
  waiting = new Set();
  answers = new Map();
  asked = 0;

  // A thread, by a token.
  static join(threadId, { endpoint, token, ca, name }) {
    return Sidetone.start([threadId, "--endpoint", endpoint, "--token-file", tokenFileOf(name, token), "--ca", ca], name);
  }

  // The chats of a work account, by a token for Graph.
  static chats({ endpoint, token, ca, name }) {
    return Sidetone.run("chats", ["--endpoint", endpoint, "--token-file", tokenFileOf(name, token), "--ca", ca], name);
  }

  // A meeting, as a guest without anything but its link. `sound` is the sound server beside them; nothing is done to
  // what it carries unless processing is on.
  static meet(link, { endpoint, name, sound, processing = "off" }) {
    const processed = processing === "off" ? ["echo_cancellation", "noise_suppression", "gain_control"] : [];
    const off = ["earcons", ...processed].flatMap((what) => ["--set", `${what}=false`]);
    const heard = sound ? ["--no-check", ...off] : [];
    return Sidetone.start([link, "--endpoint", endpoint, ...heard], name, sound?.environment);
  }

  static start(where, name, more = {}) {
    return Sidetone.run("join", [...where, "--name", name], name, more);
  }

  static async run(command, where, name, more = {}) {
    const home = homeOf(name);
    const args = [command, ...where, "--linear"];
    const self = new Sidetone();
    const env = { ...process.env, HOME: home, XDG_RUNTIME_DIR: join(home, "run"), TERM: "xterm-256color" };
    for (const kind of ["CONFIG", "DATA", "STATE", "CACHE"]) env[`XDG_${kind}_HOME`] = join(home, kind.toLowerCase());
    Object.assign(env, more);
    self.child = spawn(...inTerminal(process.env.SIDETONE, args), { env, stdio: ["pipe", "pipe", "pipe"] });
    self.ended = new Promise((resolve) => self.child.on("exit", (code, signal) => resolve(signal ?? code)));
    for (const stream of [self.child.stdout, self.child.stderr]) {
      stream.on("data", (data) => {
        self.written += data.toString();
        self.look();
      });
    }
    await self.listen(join(home, "run", "sidetone", "latest.sock"));
    return self;
  }

  // What was written, as a person reads it.
  get transcript() {
    return this.written.replace(/\x1b\][^\x07\x1b]*(\x07|\x1b\\)/g, "").replace(/\x1b\[[0-?]*[ -/]*[@-~]/g, "").replace(/\x1b./g, "");
  }

  async listen(path) {
    await this.until(() => existsSync(path), "opened its control socket", 50);
    this.socket = connect(path);
    createInterface({ input: this.socket }).on("line", (line) => {
      const told = JSON.parse(line);
      if ("event" in told) this.news.push(told);
      else this.answers.get(told.id)?.(told);
      this.look();
    });
    await this.ask({ do: "subscribe" });
  }

  async ask(request) {
    this.asked += 1;
    const id = this.asked;
    const answer = new Promise((resolve) => this.answers.set(id, resolve));
    this.socket.write(`${JSON.stringify({ id, ...request })}\n`);
    const told = await answer;
    if (!told.ok) throw new Error(`sidetone refused ${JSON.stringify(request)}: ${told.error}`);
    return told;
  }

  type(keys) {
    this.child.stdin.write(keys);
  }

  look() {
    for (const look of this.waiting) look();
  }

  // Waits for `found` to give something, which is asked again whenever the program says something.
  until(found, what, every = 0, ms = 10000) {
    return new Promise((resolve, reject) => {
      const done = (settle, value) => {
        this.waiting.delete(look);
        clearTimeout(timer);
        clearInterval(again);
        settle(value);
      };
      const look = () => {
        const value = found();
        if (value) done(resolve, value);
      };
      const timer = setTimeout(() => {
        done(reject, new Error(`sidetone never ${what}; it wrote ${JSON.stringify(this.transcript.slice(-600))}, news ${JSON.stringify(this.news.slice(-6))}`));
      }, ms);
      const again = every ? setInterval(look, every) : undefined;
      this.waiting.add(look);
      look();
    });
  }

  message(wanted) {
    const matches = (news) => news.event === "message" && Object.entries(wanted).every(([key, value]) => news[key] === value);
    return this.until(() => this.news.find(matches), `told of message ${JSON.stringify(wanted)}`);
  }

  line(text) {
    return this.until(() => this.transcript.includes(text), `wrote ${JSON.stringify(text)}`);
  }

  async quit() {
    this.type("/quit\r");
    const overdue = setTimeout(() => this.child.kill("SIGKILL"), 5000);
    const code = await this.ended;
    clearTimeout(overdue);
    this.socket.destroy();
    return code;
  }
}
