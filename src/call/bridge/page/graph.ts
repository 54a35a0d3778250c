// The audio graph of raw sound: the call's stream in, a stream for the call out, one worklet between. Exists while a raw call does.
import { address, subprotocols } from "./control.js";
import { FRAME, PATHS } from "./protocol/protocol.js";
import type { FromWorker, ToWorker } from "./worker.js";
import type { ToWorklet } from "./worklet.js";

// The worker with the /pcm socket: one for the life of the page.
export class Wire {
  readonly #worker = new Worker("/worker.js");
  onclosed = () => {};
  oncount = (_: Extract<FromWorker, { filled: number }>) => {};

  // Settles when the socket is open.
  open(secret: string): Promise<void> {
    return new Promise((resolve) => {
      this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
        if (!("socket" in data)) return this.oncount(data);
        if (data.socket === "open") resolve();
        else this.onclosed();
      };
      this.#tell({ address: address(PATHS.pcm), subprotocols: subprotocols(secret) });
    });
  }

  carry(call: number, isHeard: boolean): void {
    this.#tell({ call, isHeard });
  }

  attach(port: MessagePort): void {
    this.#tell({ port }, [port]);
  }

  #tell(message: ToWorker, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }
}

export class Graph {
  #source: MediaStreamAudioSourceNode | null = null;
  // A stream of the network reaches a graph only while an element plays it, however silently.
  readonly #element = new Audio();

  private constructor(
    private readonly context: AudioContext,
    private readonly node: AudioWorkletNode,
    private readonly destination: MediaStreamAudioDestinationNode,
  ) {
    this.#element.muted = true;
  }

  static async open(wire: Wire): Promise<Graph> {
    const context = new AudioContext({ sampleRate: FRAME.rate, latencyHint: "interactive" });
    await context.audioWorklet.addModule("/worklet.js");
    const mono = { channelCount: 1, channelCountMode: "explicit" } as const;
    const node = new AudioWorkletNode(context, "bridge", { ...mono, numberOfInputs: 1, numberOfOutputs: 1, outputChannelCount: [1] });
    const destination = new MediaStreamAudioDestinationNode(context, mono);
    node.connect(destination);
    const { port1, port2 } = new MessageChannel();
    wire.attach(port1);
    const graph = new Graph(context, node, destination);
    graph.#tell({ port: port2 }, [port2]);
    await context.resume();
    return graph;
  }

  // A microphone for one call. Each call gets tracks of its own: a call on hold may switch its track off.
  microphone(): MediaStream {
    return this.destination.stream.clone();
  }

  // What the program sends may be heard in the call.
  gate(isOpen: boolean): void {
    this.#tell({ isOpen });
  }

  // The sound of a call in place of what was heard before; null for none.
  async hear(stream: MediaStream | null): Promise<void> {
    this.#source?.disconnect();
    this.#source = null;
    this.#element.srcObject = stream;
    if (!stream) return;
    this.#source = this.context.createMediaStreamSource(stream);
    this.#source.connect(this.node);
    await this.#element.play().catch(() => {});
  }

  async close(): Promise<void> {
    await this.hear(null);
    this.#tell({ end: true });
    await this.context.close();
  }

  #tell(message: ToWorklet, transfer: Transferable[] = []): void {
    this.node.port.postMessage(message, transfer);
  }
}
