// The /pcm socket, away from the page's main thread: it goes on while that is busy.
import { decode, encode } from "./frame.js";
import { CLOSE } from "./protocol/protocol.js";
import type { FromWorklet } from "./worklet.js";

// From the page: where and with what secret; then the port of each new worklet, and whose sound it is (0: nobody's).
export type ToWorker = { address: string; subprotocols: string[] } | { port: MessagePort } | { call: number; isHeard: boolean };
// To the page. The counters are totals since the launch.
export type FromWorker = { socket: "open" | "closed" } | { framesIn: number; framesOut: number; underruns: number; dropped: number; filled: number };

let socket: WebSocket | null = null;
let port: MessagePort | null = null;
let call = 0;
let isHeard = true;
let sequence = 0;
// The worklet's clock begins anew with each audio context; this one does not.
let zero: number | null = null;
const totals = { framesIn: 0, framesOut: 0, dropped: 0 };

const tell = (message: FromWorker) => self.postMessage(message);

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if ("address" in data) open(data);
  else if ("port" in data) attach(data.port);
  else ({ call, isHeard } = data);
};

function open({ address, subprotocols }: { address: string; subprotocols: string[] }): void {
  socket = new WebSocket(address, subprotocols);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => tell({ socket: "open" });
  socket.onclose = () => tell({ socket: "closed" });
  socket.onmessage = ({ data }) => {
    const frame = data instanceof ArrayBuffer ? decode(data) : null;
    if (!frame) return socket?.close(CLOSE.nonsense);
    totals.framesIn += 1;
    if (frame.call !== call || !port) totals.dropped += 1;
    // A copy of its own, as the head of the message stays behind.
    else port.postMessage(frame.samples.slice());
  };
}

function attach(next: MessagePort): void {
  port?.close();
  port = next;
  zero = null;
  port.onmessage = ({ data }: MessageEvent<FromWorklet>) => {
    if ("samples" in data) send(data);
    else tell({ ...data, framesIn: totals.framesIn, framesOut: totals.framesOut, dropped: totals.dropped + data.dropped });
  };
}

function send({ samples, seconds }: { samples: Int16Array; seconds: number }): void {
  zero ??= performance.now() * 1000 - seconds * 1e6;
  // A program that does not read must not fill our memory.
  if (!isHeard || call === 0 || socket?.readyState !== WebSocket.OPEN || socket.bufferedAmount > MOST) return;
  socket.send(encode({ sequence, call, micros: zero + seconds * 1e6, samples }));
  sequence += 1;
  totals.framesOut += 1;
}

// A second of sound.
const MOST = 96_000;
