// Tells the test which messages passed between the program and the page, by name: where the page may connect to a service of this machine,
// `/passed` there leads to it. A command counts when it is done.
//
// There is no SDK before the two have greeted each other, so `hello` and `welcome` had passed.
import { local } from "./conductor.js";

interface Message {
  type: string;
  id?: number;
}

export function watch(): void {
  const { send } = WebSocket.prototype;
  const known = new WeakSet<WebSocket>();
  const asked = new Map<number, string>();
  const done = new Set<number>();
  tell("toProgram", "hello");
  tell("toPage", "welcome");
  // The page may have answered before it is our turn to hear what was asked.
  const carriedOut = (id: number) => {
    const command = asked.get(id);
    if (command && done.has(id)) tell("toPage", command);
  };
  const hear = ({ type, id }: Message) => {
    if (id === undefined) return tell("toPage", type);
    asked.set(id, type);
    carriedOut(id);
  };
  WebSocket.prototype.send = function (data) {
    if (typeof data === "string" && this.protocol === PROTOCOL) {
      if (!known.has(this)) this.addEventListener("message", ({ data }) => hear(JSON.parse(String(data)) as Message));
      known.add(this);
      const { type, id } = JSON.parse(data) as Message;
      tell("toProgram", type);
      if (type === "done") {
        done.add(id!);
        carriedOut(id!);
      }
    }
    send.call(this, data);
  };
}

const PROTOCOL = "sidetone.bridge.1";
const told = new Set<string>();
const waiting: string[] = [];
let socket: WebSocket | null = null;

// Once each.
function tell(way: "toPage" | "toProgram", type: string): void {
  const line = JSON.stringify({ way, type });
  if (told.has(line)) return;
  told.add(line);
  if (socket?.readyState === WebSocket.OPEN) socket.send(line);
  else waiting.push(line);
}

export async function connect(): Promise<void> {
  const address = await local();
  if (!address) return;
  const opened = (socket = new WebSocket(`${address}/passed`));
  opened.onopen = () => waiting.splice(0).forEach((line) => opened.send(line));
}
