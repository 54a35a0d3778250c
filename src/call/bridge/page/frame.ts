// One frame of sound on the wire; `protocol/protocol.ts` has the layout.
import { FRAME } from "./protocol/protocol.js";

export interface Frame {
  sequence: number;
  call: number;
  micros: number;
  samples: Int16Array;
}

export function encode({ sequence, call, micros, samples }: Frame): ArrayBuffer {
  const bytes = new ArrayBuffer(FRAME.bytes);
  const view = new DataView(bytes);
  view.setUint32(0, sequence >>> 0, true);
  view.setUint32(4, call, true);
  view.setBigUint64(8, BigInt(Math.max(0, Math.round(micros))), true);
  // Browsers run on little-endian machines, and DataView is slow.
  new Int16Array(bytes, FRAME.head).set(samples);
  return bytes;
}

// Nothing for what is not a frame.
export function decode(bytes: ArrayBuffer): Frame | null {
  if (bytes.byteLength !== FRAME.bytes) return null;
  const view = new DataView(bytes);
  return { sequence: view.getUint32(0, true), call: view.getUint32(4, true), micros: Number(view.getBigUint64(8, true)), samples: new Int16Array(bytes, FRAME.head) };
}
