// The sound of the call: one peer connection that the page offers and the service answers.

export class Sound {
  #send;
  #tell;
  #player;
  #peer = null;
  #transceiver = null;
  #track = null;
  #open = false;
  #offering = false;
  #next = null;
  #overdue = 0;

  // `send` takes messages for the service, `tell` gets the state: none, connecting, connected, lost, and `blocked`
  // when the browser wants a key press before it plays.
  constructor({ send, tell, player, signal }) {
    this.#send = send;
    this.#tell = tell;
    this.#player = player;
    const moved = () => this.#peer && this.restart();
    window.addEventListener("online", moved, { signal });
    navigator.connection?.addEventListener?.("change", moved, { signal });
  }

  // The microphone's track, or nothing to listen only.
  get track() {
    return this.#track;
  }

  async use(track) {
    const before = this.#track;
    this.#track = track;
    if (track) track.enabled = this.#open;
    if (this.#transceiver) {
      await this.#transceiver.sender.replaceTrack(track);
      // Takes effect with the next offer.
      this.#transceiver.direction = track ? "sendrecv" : "recvonly";
    }
    if (before && before !== track) before.stop();
  }

  // Whether what the microphone hears may leave this device.
  gate(open) {
    this.#open = open;
    if (this.#track) this.#track.enabled = open;
  }

  async start() {
    if (this.#peer) return this.restart();
    const peer = new RTCPeerConnection();
    this.#peer = peer;
    const direction = this.#track ? "sendrecv" : "recvonly";
    this.#transceiver = peer.addTransceiver(this.#track ?? "audio", { direction });
    const opus = RTCRtpReceiver.getCapabilities("audio").codecs.filter(({ mimeType }) => mimeType === "audio/opus");
    this.#transceiver.setCodecPreferences?.(opus);
    peer.ontrack = ({ track }) => this.#play(track);
    peer.oniceconnectionstatechange = () => peer === this.#peer && this.#moved(peer.iceConnectionState);
    this.#tell("connecting");
    await this.#offer();
  }

  // The same connection over another way: a network changed, or the signalling came back.
  async restart() {
    await this.#offer({ iceRestart: true });
  }

  // No sound in either direction, as in the lobby, on hold and after the end.
  stop() {
    clearTimeout(this.#overdue);
    this.#peer?.close();
    this.#peer = this.#transceiver = this.#next = null;
    this.#offering = false;
    this.#player.srcObject = null;
  }

  // Gives the microphone back as well.
  close() {
    this.stop();
    this.#track?.stop();
    this.#track = null;
  }

  async answer({ sdp, candidates = [] }) {
    const peer = this.#peer;
    if (peer?.signalingState !== "have-local-offer") return;
    clearTimeout(this.#overdue);
    await peer.setRemoteDescription({ type: "answer", sdp });
    for (const candidate of candidates) await peer.addIceCandidate({ candidate, sdpMLineIndex: 0 });
    this.#settled();
  }

  // The service does not want this offer: nothing more is tried by itself.
  refused() {
    this.stop();
    this.#tell("none");
  }

  // The browser lets a page play only after somebody did something in it.
  async play() {
    try {
      await this.#player.play();
      this.#tell("playing");
    } catch {
      this.#tell("blocked");
    }
  }

  // Round trip and jitter in milliseconds, loss in percent, as far as they are known.
  async statistics() {
    const found = { roundTrip: null, jitter: null, loss: null };
    for (const one of (await this.#peer?.getStats())?.values() ?? []) {
      if (one.type === "candidate-pair" && one.nominated && one.currentRoundTripTime !== undefined) found.roundTrip = one.currentRoundTripTime * 1000;
      if (one.type === "inbound-rtp" && one.kind === "audio") {
        found.jitter = one.jitter * 1000;
        const all = one.packetsReceived + one.packetsLost;
        found.loss = all > 0 ? (100 * one.packetsLost) / all : 0;
      }
    }
    return found;
  }

  // One offer at a time; what is wanted meanwhile is offered after the answer.
  async #offer(options = {}) {
    const peer = this.#peer;
    if (!peer) return;
    if (this.#offering) {
      this.#next = { iceRestart: options.iceRestart || this.#next?.iceRestart };
      return;
    }
    clearTimeout(this.#overdue);
    this.#offering = true;
    await peer.setLocalDescription(await peer.createOffer(options));
    if (peer !== this.#peer) return;
    if (!this.#send({ type: "offer", sdp: peer.localDescription.sdp })) return this.#unsent();
    this.#overdue = setTimeout(() => this.#unsent(), PATIENCE);
  }

  // The offer got no answer; another is made later, or when the signalling is back.
  async #unsent() {
    const peer = this.#peer;
    if (peer?.signalingState === "have-local-offer") await peer.setLocalDescription({ type: "rollback" });
    this.#offering = false;
    this.#next = null;
    if (peer !== this.#peer) return;
    this.#tell("lost");
    clearTimeout(this.#overdue);
    this.#overdue = setTimeout(() => this.restart(), PATIENCE);
  }

  #settled() {
    this.#offering = false;
    const next = this.#next;
    this.#next = null;
    if (next) this.#offer(next);
  }

  #moved(state) {
    switch (state) {
      case "connected":
      case "completed":
        return this.#tell("connected");
      case "disconnected":
      case "failed":
        this.#tell("lost");
        return this.restart();
    }
  }

  #play(track) {
    this.#player.srcObject = new MediaStream([track]);
    this.play();
  }
}

const PATIENCE = 5_000;
