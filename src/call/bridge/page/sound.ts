// The sound of calls, by the ladder raw -> system. A refusal of raw is told, and never fails a call.
//
// Raw: the call's microphone is a stream that we make, and the call's one mixed stream is handed on; the browser itself stays
// silent. System: the browser uses the sound devices. One call at a time has sound; the others are on hold.
import type { LocalAudioStream, RemoteAudioStream, Volume } from "@azure/communication-calling";
import type { LiveCall, Watch } from "./call.js";
import { sayDeafened } from "./call.js";
import { failure } from "./failure.js";
import { Graph, type Wire } from "./graph.js";
import type { AudioMode, Failure } from "./protocol/values.js";
import type { Sdk } from "./sdk.js";

// What a call is begun with: our microphone, or none for the browser's, and why not ours.
export interface Prepared {
  wanted: AudioMode;
  capture: LocalAudioStream | null;
  error: Failure | null;
}

// How the sound of one call is made; `capture` in raw mode.
interface Sounding extends Prepared {
  mode: AudioMode;
  // Whose stream is heard, or is being asked for.
  playback: RemoteAudioStream | null;
  isHeard: boolean;
  // The SDK let go of our microphone before, and was asked to take it again.
  isSecondTry: boolean;
}

export class Sound {
  #graph: Promise<Graph> | null = null;
  #soundings = new Map<LiveCall, Sounding>();
  // The call that has the sound, and the one whose stream the graph hears.
  #current: LiveCall | null = null;
  #heard: LiveCall | null = null;
  // Microphones that were made for calls which are not there yet.
  #preparing = 0;

  constructor(
    private readonly sdk: Sdk,
    private readonly wire: Wire,
  ) {
    wire.oncount = (count) => this.#current?.moment({ type: "pcm", call: this.#current.number, ...count });
  }

  // Before the call is begun: what goes into its options. In system mode the SDK takes the default microphone.
  async prepare(wanted: AudioMode): Promise<Prepared> {
    if (wanted === "system") return { wanted, capture: null, error: null };
    this.#preparing += 1;
    try {
      const graph = await this.#open();
      return { wanted, capture: new this.sdk.LocalAudioStream(graph.microphone(), { autoDisposeOnCallEnd: false }), error: null };
    } catch (error) {
      this.#preparing -= 1;
      return { wanted, capture: null, error: failure(error) };
    }
  }

  // The call was not begun with it after all.
  async discard({ capture }: Prepared): Promise<void> {
    if (!capture) return;
    this.#preparing -= 1;
    capture.dispose();
    await this.#closeIfUnused();
  }

  // In the tick in which the call came to be.
  take(call: LiveCall, { wanted, capture, error }: Prepared): void {
    const mode = capture ? "raw" : "system";
    if (capture) this.#preparing -= 1;
    call.isRaw = mode === "raw";
    const wasKnown = this.#soundings.has(call);
    this.#soundings.set(call, { mode, wanted, capture, playback: null, isHeard: false, isSecondTry: false, error });
    // The SDK told of the call before it handed it out, and it is watched already.
    if (!wasKnown) return;
    this.#say(call);
    this.#look(call);
  }

  // In a room or after a transfer the sound goes on as it was in the call before.
  async inherit(call: LiveCall, from: LiveCall): Promise<void> {
    const before = this.#soundings.get(from);
    if (before?.mode === "raw" && !this.#soundings.get(call)?.capture) await this.use(call, "raw");
  }

  readonly watch: Watch = (call) => {
    const look = () => this.#look(call);
    call.onState(look);
    call.sdk.on("isMutedChanged", () => this.#gate());
    call.sdk.on("remoteAudioStreamsUpdated", look);
    call.sdk.on("localAudioStreamsUpdated", ({ removed }) => this.#lost(call, removed));
    call.onEnd(() => this.#end(call));
    return () => this.#say(call);
  };

  async deafen(call: LiveCall, isDeafened: boolean): Promise<void> {
    call.isDeafened = isDeafened;
    const isSilent = isDeafened || this.#soundings.get(call)?.mode === "raw";
    this.#gate();
    if (call.sdk.isIncomingAudioMuted !== isSilent) await (isSilent ? call.sdk.muteIncomingAudio() : call.sdk.unmuteIncomingAudio());
    sayDeafened(call);
  }

  // Another mode in the middle of a call.
  async use(call: LiveCall, mode: AudioMode): Promise<AudioMode> {
    const sounding = this.#soundings.get(call);
    if (!sounding) return mode;
    sounding.wanted = mode;
    sounding.error = null;
    if (mode === "system") {
      if (sounding.mode === "raw") await this.#toSystem(call, null);
    } else if (sounding.mode === "system") {
      await this.#toRaw(call, sounding);
    }
    this.#say(call);
    return sounding.mode;
  }

  // Sound is wanted of the call that is Connected; the SDK's stream may come before or after.
  #look(call: LiveCall): void {
    if (call.sdk.state === "Connected" || call.sdk.state === "EarlyMedia") this.#current = call;
    else if (this.#current === call && call.sdk.state === "LocalHold") this.#current = null;
    this.#gate();
    const sounding = this.#soundings.get(call);
    if (this.#current !== call || !sounding) return;
    if (sounding.mode === "raw") this.#hear(call, sounding).catch((error) => this.#toSystem(call, failure(error)));
    else this.#meter(call).catch((error) => call.trouble("measuring the sound", error));
  }

  async #hear(call: LiveCall, sounding: Sounding): Promise<void> {
    const remote = call.sdk.remoteAudioStreams[0];
    if (!remote || (remote === sounding.playback && this.#heard === call)) return;
    sounding.playback = remote;
    this.#heard = call;
    const stream = await remote.getMediaStream();
    if (call.isOver || sounding.mode !== "raw" || sounding.playback !== remote) return;
    const graph = await this.#open();
    await graph.hear(stream);
    sounding.isHeard = true;
    this.#say(call);
    // That the browser is silent is comfort: the stand-in speaker is silent anyway.
    if (!call.sdk.isIncomingAudioMuted) await call.sdk.muteIncomingAudio().catch((error: unknown) => call.trouble("silencing the browser", error));
  }

  // The SDK let go of our microphone in the middle of a call: once more, and if it is refused, the browser's.
  #lost(call: LiveCall, removed: LocalAudioStream[]): void {
    const sounding = this.#soundings.get(call);
    if (call.sdk.state !== "Connected" || !sounding?.capture || !removed.includes(sounding.capture) || sounding.isSecondTry) return;
    sounding.isSecondTry = true;
    call.sdk.startAudio(sounding.capture).then(
      () => (sounding.isSecondTry = false),
      (error: unknown) => this.#toSystem(call, failure(error)),
    );
  }

  async #toSystem(call: LiveCall, error: Failure | null): Promise<void> {
    const sounding = this.#soundings.get(call);
    if (!sounding || call.isOver || sounding.mode === "system") return;
    const { capture } = sounding;
    Object.assign(sounding, { mode: "system", capture: null, playback: null, isHeard: false, error } satisfies Partial<Sounding>);
    call.isRaw = false;
    this.#gate();
    call.attempt("using the sound devices", () => call.sdk.stopAudio());
    capture?.dispose();
    if (!call.isDeafened) await call.sdk.unmuteIncomingAudio().catch((problem: unknown) => call.trouble("using the sound devices", problem));
    this.#say(call);
    this.#look(call);
    await this.#closeIfUnused();
  }

  async #toRaw(call: LiveCall, sounding: Sounding): Promise<void> {
    const prepared = await this.prepare("raw");
    const { capture, error } = prepared;
    sounding.error = error;
    if (!capture) return;
    try {
      await call.sdk.startAudio(capture);
    } catch (refused) {
      sounding.error = failure(refused);
      return this.discard(prepared);
    }
    this.#preparing -= 1;
    Object.assign(sounding, { mode: "raw", capture } satisfies Partial<Sounding>);
    call.isRaw = true;
    this.#look(call);
  }

  // Nothing is heard in a call that is not Connected, or in which we are muted, whatever the program sends.
  #gate(): void {
    const call = this.#current;
    const isRaw = call !== null && this.#soundings.get(call)?.mode === "raw";
    this.wire.carry(isRaw ? call.number : 0, isRaw && !call.isDeafened);
    const isOpen = isRaw && call.sdk.state === "Connected" && !call.sdk.isMuted;
    this.#graph?.then((graph) => graph.gate(isOpen)).catch(() => {});
  }

  #end(call: LiveCall): void {
    const sounding = this.#soundings.get(call);
    this.#soundings.delete(call);
    if (this.#current === call) this.#current = null;
    sounding?.capture?.dispose();
    if (this.#heard === call) {
      this.#heard = null;
      this.#graph?.then((graph) => graph.hear(null)).catch(() => {});
    }
    this.#gate();
    this.#closeIfUnused();
  }

  // A running graph costs a twelfth of a core.
  async #closeIfUnused(): Promise<void> {
    if (this.#preparing > 0 || [...this.#soundings.values()].some(({ mode }) => mode === "raw")) return;
    const graph = this.#graph;
    this.#graph = null;
    await (await graph?.catch(() => null))?.close();
  }

  #open(): Promise<Graph> {
    this.#graph ??= Graph.open(this.wire).catch((error: unknown) => {
      this.#graph = null;
      throw error;
    });
    return this.#graph;
  }

  #say(call: LiveCall): void {
    const sounding = this.#soundings.get(call);
    if (!sounding) return;
    const isRaw = sounding.mode === "raw";
    call.state({
      type: "audio",
      call: call.number,
      mode: sounding.mode,
      wanted: sounding.wanted,
      hasCapture: isRaw ? sounding.capture !== null : call.sdk.localAudioStreams.length > 0,
      hasPlayback: isRaw ? sounding.isHeard : call.sdk.remoteAudioStreams.length > 0,
      error: sounding.error,
    });
  }

  // In raw mode the program measures the samples themselves.
  async #meter(call: LiveCall): Promise<void> {
    this.#say(call);
    const [capture, playback] = await Promise.all([volumeOf(call.sdk.localAudioStreams[0]), volumeOf(call.sdk.remoteAudioStreams[0])]);
    let said = -Infinity;
    const say = () => {
      if (call.isRaw || performance.now() - said < OFTEN) return;
      said = performance.now();
      call.moment({ type: "levels", call: call.number, capture: capture?.level ?? 0, playback: playback?.level ?? 0 });
    };
    for (const volume of [capture, playback]) {
      if (!volume || metered.has(volume)) continue;
      metered.add(volume);
      volume.on("levelChanged", say);
    }
  }
}

async function volumeOf(stream: LocalAudioStream | RemoteAudioStream | undefined): Promise<Volume | null> {
  return stream ? stream.getVolume() : null;
}

// What already tells its level.
const metered = new WeakSet<Volume>();
// At most five a second, in milliseconds.
const OFTEN = 200;
