"use strict";
(() => {
  // protocol/protocol.ts
  var CLOSE = {
    // The other side speaks another version.
    version: 4001,
    // What came is not of this protocol.
    nonsense: 4002
  };
  var FRAME = { rate: 48e3, samples: 480, head: 16, bytes: 16 + 2 * 480 };

  // frame.ts
  function encode({ sequence: sequence2, call: call2, micros, samples }) {
    const bytes = new ArrayBuffer(FRAME.bytes);
    const view = new DataView(bytes);
    view.setUint32(0, sequence2 >>> 0, true);
    view.setUint32(4, call2, true);
    view.setBigUint64(8, BigInt(Math.max(0, Math.round(micros))), true);
    new Int16Array(bytes, FRAME.head).set(samples);
    return bytes;
  }
  function decode(bytes) {
    if (bytes.byteLength !== FRAME.bytes) return null;
    const view = new DataView(bytes);
    return { sequence: view.getUint32(0, true), call: view.getUint32(4, true), micros: Number(view.getBigUint64(8, true)), samples: new Int16Array(bytes, FRAME.head) };
  }

  // worker.ts
  var socket = null;
  var port = null;
  var call = 0;
  var isHeard = true;
  var sequence = 0;
  var zero = null;
  var totals = { framesIn: 0, framesOut: 0, dropped: 0 };
  var tell = (message) => self.postMessage(message);
  self.onmessage = ({ data }) => {
    if ("address" in data) open(data);
    else if ("port" in data) attach(data.port);
    else ({ call, isHeard } = data);
  };
  function open({ address, subprotocols }) {
    socket = new WebSocket(address, subprotocols);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => tell({ socket: "open" });
    socket.onclose = () => tell({ socket: "closed" });
    socket.onmessage = ({ data }) => {
      const frame = data instanceof ArrayBuffer ? decode(data) : null;
      if (!frame) return socket?.close(CLOSE.nonsense);
      totals.framesIn += 1;
      if (frame.call !== call || !port) totals.dropped += 1;
      else port.postMessage(frame.samples.slice());
    };
  }
  function attach(next) {
    port?.close();
    port = next;
    zero = null;
    port.onmessage = ({ data }) => {
      if ("samples" in data) send(data);
      else tell({ ...data, framesIn: totals.framesIn, framesOut: totals.framesOut, dropped: totals.dropped + data.dropped });
    };
  }
  function send({ samples, seconds }) {
    zero ??= performance.now() * 1e3 - seconds * 1e6;
    if (!isHeard || call === 0 || socket?.readyState !== WebSocket.OPEN || socket.bufferedAmount > MOST) return;
    socket.send(encode({ sequence, call, micros: zero + seconds * 1e6, samples }));
    sequence += 1;
    totals.framesOut += 1;
  }
  var MOST = 96e3;
})();
