// The control socket: the secret, the greeting, heartbeats, and the end when the program is gone.
import { CLOSE, PATHS, PROTOCOL, SECRET, VERSION } from "./protocol/protocol.js";
import type { Command, ToPage, Word } from "./protocol/to_page.js";
import type { ToProgram } from "./protocol/to_program.js";

export type Welcome = Extract<Word, { type: "welcome" }>;

// What the page does with what it hears.
export interface Hearer {
  welcome(welcome: Welcome): void;
  answer(word: Extract<Word, { wanted: number }>): void;
  command(command: Command): void;
  gone(because: string): void;
}

// The launch's secret, taken out of the address so that nothing finds it there later.
export function takeSecret(): string {
  const secret = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  return secret;
}

export function address(path: string): string {
  return `ws://${location.host}${path}`;
}

export function subprotocols(secret: string): string[] {
  return [PROTOCOL, SECRET + secret];
}

export class Control {
  #socket: WebSocket;
  #hearer: Hearer;
  #silence = GREETING;
  #watch = 0;
  #over = false;

  constructor(secret: string, hearer: Hearer) {
    this.#hearer = hearer;
    this.#socket = new WebSocket(address(PATHS.control), subprotocols(secret));
    this.#socket.onopen = () => this.say({ type: "hello", version: VERSION, userAgent: navigator.userAgent });
    this.#socket.onmessage = ({ data }) => this.#hear(JSON.parse(String(data)) as ToPage);
    this.#socket.onclose = () => this.end("socket");
    this.#listen();
  }

  say(message: ToProgram): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  // Once; what is said afterwards is lost.
  end(because: string, code = 1000): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#watch);
    this.say({ type: "bye", because });
    this.#socket.close(code);
    this.#hearer.gone(because);
  }

  #hear(message: ToPage): void {
    this.#listen();
    switch (message.type) {
      case "beat":
        return this.say({ type: "beat", count: message.count });
      case "welcome":
        if (message.version !== VERSION) return this.end("version", CLOSE.version);
        this.#silence = message.silence;
        this.#listen();
        return this.#hearer.welcome(message);
      case "token":
      case "tokenRefused":
        return this.#hearer.answer(message);
      default:
        this.#hearer.command(message);
    }
  }

  // Waits for the end of our patience.
  #listen(): void {
    clearTimeout(this.#watch);
    if (!this.#over) this.#watch = setTimeout(() => this.end("silence"), this.#silence);
  }
}

// How long the program may take to greet, in milliseconds.
const GREETING = 5_000;
