// The way into the embedded service: its call socket, and a peer connection for the sound. The protocol is this project's own.
export interface Heard {
  type: string;
  [member: string]: any;
}

export class Line {
  #socket: WebSocket;
  #peer: RTCPeerConnection | null = null;
  #sender: RTCRtpSender | null = null;
  #track: MediaStreamTrack | null = null;
  #asked: { request: string; settle(reason: string | null): void }[] = [];

  constructor(
    endpoint: string,
    token: string,
    private readonly join: Record<string, unknown>,
    private readonly hear: (message: Heard) => void,
    private readonly sounds: (stream: MediaStream) => void,
  ) {
    this.#socket = new WebSocket(`${endpoint.replace(/^http/, "ws")}/local/v1/call`, ["sidetone.call", `sidetone.token.${token}`]);
    this.#socket.onopen = () => this.say({ type: "join", audio: "full", rejoin: null, heartbeatMillis: 1000, ...this.join });
    this.#socket.onmessage = ({ data }) => this.#heard(JSON.parse(data) as Heard);
    this.#socket.onclose = () => this.hear({ type: "closed" });
  }

  say(message: Record<string, unknown>): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  // Settles when the service has carried it out, or with why it did not: the state that is asked for afterwards comes after a refusal.
  ask(message: Record<string, unknown>): Promise<string | null> {
    return new Promise((settle) => {
      this.#asked.push({ request: String(message.type), settle });
      this.say(message);
      this.say({ type: "refresh" });
    });
  }

  // Sound both ways from now on, anew.
  async connect(track: MediaStreamTrack | null): Promise<void> {
    this.silence();
    const peer = (this.#peer = new RTCPeerConnection());
    this.#track = track;
    this.#sender = peer.addTransceiver(track ?? "audio", { direction: "sendrecv" }).sender;
    peer.ontrack = ({ track: heard }) => this.sounds(new MediaStream([heard]));
    await peer.setLocalDescription(await peer.createOffer());
    this.say({ type: "offer", sdp: peer.localDescription!.sdp });
  }

  async use(track: MediaStreamTrack | null): Promise<void> {
    this.#track = track;
    await this.#sender?.replaceTrack(track);
  }

  get track(): MediaStreamTrack | null {
    return this.#track;
  }

  statistics(): Promise<RTCStatsReport | undefined> {
    return this.#peer?.getStats() ?? Promise.resolve(undefined);
  }

  silence(): void {
    this.#peer?.close();
    this.#peer = this.#sender = null;
  }

  close(): void {
    this.silence();
    this.#socket.close();
    for (const { settle } of this.#asked.splice(0)) settle(null);
  }

  #heard(message: Heard): void {
    switch (message.type) {
      case "beat":
        return this.say({ type: "beat" });
      case "answer":
        void this.#answered(message);
        return;
      case "refused": {
        const at = this.#asked.findIndex(({ request }) => request === message.request);
        if (at >= 0) this.#asked.splice(at, 1)[0]!.settle(message.reason);
        break;
      }
    }
    this.hear(message);
    // The answer to `refresh` begins with it.
    if (message.type === "callState") this.#asked.shift()?.settle(null);
  }

  async #answered({ sdp, candidates = [] }: Heard): Promise<void> {
    const peer = this.#peer;
    if (peer?.signalingState !== "have-local-offer") return;
    await peer.setRemoteDescription({ type: "answer", sdp });
    for (const candidate of candidates) await peer.addIceCandidate({ candidate, sdpMLineIndex: 0 });
  }
}
