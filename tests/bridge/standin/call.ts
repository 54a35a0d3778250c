// A call: of the embedded service when it is a meeting there, or played by the test alone.
import type * as Sdk from "@azure/communication-calling";
import { type CommunicationIdentifier, getIdentifierRawId } from "@azure/communication-common";
import { Emitter } from "./emitter.js";
import { StandInError, refused } from "./errors.js";
import { AllFeatures } from "./features.js";
import { follow } from "./follow.js";
import { Line } from "./line.js";
import { StandInLobby, StandInParticipant } from "./people.js";
import { stage } from "./stage.js";
import { LocalAudioStream, StandInRemoteAudioStream } from "./streams.js";

export interface Plan {
  // Where and what to join; nothing for a call that the test plays.
  join?: { endpoint: string; meeting: Record<string, unknown>; displayName: string; token: string };
  direction?: Sdk.CallDirection;
  caller?: Sdk.CallerInfo;
  groupId?: string;
  others?: CommunicationIdentifier[];
  options?: Sdk.JoinCallOptions;
  state?: Sdk.CallState;
}

class Info extends Emitter implements Sdk.CallInfo {
  threadId: string | undefined;
  groupId: string | undefined;
  readonly participantId = crypto.randomUUID();

  async getServerCallId(): Promise<string> {
    return btoa(`server call of ${this.participantId}`);
  }

  onCallInfoChanged(_: "callInfoChanged", listener: Sdk.PropertyChangedEvent): void {
    this.on("callInfoChanged", listener);
  }

  offCallInfoChanged(_: "callInfoChanged", listener: Sdk.PropertyChangedEvent): void {
    this.off("callInfoChanged", listener);
  }
}

export class StandInCall extends Emitter {
  id = crypto.randomUUID() as string;
  kind: Sdk.CallKind;
  callerInfo: Sdk.CallerInfo;
  transferorInfo?: Sdk.CallerInfo;
  state: Sdk.CallState = "None";
  callEndReason?: Sdk.CallEndReason;
  direction: Sdk.CallDirection;
  isMuted: boolean;
  isIncomingAudioMuted = false;
  readonly isScreenSharingOn = false;
  readonly isLocalVideoStarted = false;
  readonly localVideoStreams: Sdk.LocalVideoStream[] = [];
  localAudioStreams: LocalAudioStream[];
  remoteAudioStreams: StandInRemoteAudioStream[] = [];
  remoteParticipants: StandInParticipant[] = [];
  role: Sdk.ParticipantRole = "Unknown";
  lobby: StandInLobby;
  isEmergencyCall?: boolean;
  readonly info = new Info();
  readonly features: AllFeatures;
  // What was asked of it, for the test to see.
  readonly tones: string[] = [];
  me = "";
  line: Line | null = null;
  #plan: Plan;
  #memo = new Map<unknown, unknown>();
  #element = new Audio();
  #stopTone = () => {};

  // `another` begins a call of the same agent, as a room or a transfer does.
  constructor(kind: "Call" | "TeamsCall", plan: Plan, private readonly ended: (call: StandInCall) => void, readonly another: (plan: Plan) => StandInCall) {
    super();
    this.kind = kind as Sdk.CallKind;
    this.#plan = plan;
    this.direction = plan.direction ?? "Outgoing";
    this.callerInfo = plan.caller ?? { identifier: undefined };
    this.isMuted = plan.options?.audioOptions?.muted ?? false;
    this.localAudioStreams = (plan.options?.audioOptions?.localAudioStreams ?? []) as unknown as LocalAudioStream[];
    this.info.groupId = plan.groupId;
    const ask = (message: Record<string, unknown>) => this.ask(String(message.type), message);
    this.lobby = (plan.join ? new StandInLobby(ask, getIdentifierRawId) : undefined) as StandInLobby;
    this.features = new AllFeatures(this);
    this.remoteParticipants = (plan.others ?? []).map((who) => new StandInParticipant(who));
    stage.calls.push(this);
    // As the SDK: nothing happens in the tick in which it is made.
    setTimeout(() => this.#begin());
  }

  // --- what the page does

  feature<Feature extends Sdk.CallFeature>(factory: Sdk.CallFeatureFactory<Feature>): Feature {
    const known = this.#memo.get(factory) ?? new factory.callApiCtor({ call: this as unknown as Sdk.CallCommon, callAgent: {} as Sdk.CallAgentCommon });
    this.#memo.set(factory, known);
    return known as Feature;
  }

  async hangUp({ forEveryone }: Sdk.HangUpOptions = { forEveryone: false }): Promise<void> {
    stage.check("hangUp");
    if (forEveryone && this.line) {
      await this.ask("hangUp", { type: "endForAll" });
      return;
    }
    this.#to("Disconnecting");
    this.line?.say({ type: "leave" });
    this.end(0, 0);
  }

  async mute(): Promise<void> {
    await this.ask("mute", { type: "mute", muted: true });
    this.mutedBecomes(true);
  }

  async unmute(): Promise<void> {
    await this.ask("unmute", { type: "mute", muted: false });
    this.mutedBecomes(false);
  }

  async muteAllRemoteParticipants(): Promise<void> {
    await this.ask("muteAllRemoteParticipants", { type: "muteOthers", ids: [] });
  }

  async muteIncomingAudio(): Promise<void> {
    stage.check("muteIncomingAudio");
    this.#element.muted = true;
    this.become({ isIncomingAudioMuted: true }, "isIncomingAudioMutedChanged");
  }

  async unmuteIncomingAudio(): Promise<void> {
    stage.check("unmuteIncomingAudio");
    this.#element.muted = false;
    this.become({ isIncomingAudioMuted: false }, "isIncomingAudioMutedChanged");
  }

  async sendDtmf(tone: Sdk.DtmfTone): Promise<void> {
    stage.check("sendDtmf");
    if (!/^(Num\d|Star|Pound|[A-D]|Flash)$/.test(tone)) throw new StandInError(400, 0, `${tone} is no tone`);
    this.tones.push(tone);
  }

  async hold(): Promise<void> {
    await this.ask("hold", { type: "hold", held: true });
    this.#to("LocalHold");
  }

  async resume(): Promise<void> {
    await this.ask("resume", { type: "hold", held: false });
    this.#to("Connected");
  }

  async startAudio(stream: Sdk.LocalAudioStream): Promise<void> {
    stage.check("startAudio");
    this.#use([stream as unknown as LocalAudioStream]);
  }

  stopAudio(): void {
    this.#use([]);
  }

  addParticipant(identifier: CommunicationIdentifier): Sdk.RemoteParticipant {
    stage.check("addParticipant");
    const one = new StandInParticipant(identifier);
    one.state = "Ringing";
    this.arrive(one);
    return one;
  }

  async removeParticipant(identifier: CommunicationIdentifier): Promise<void> {
    const id = getIdentifierRawId(identifier);
    await this.ask("removeParticipant", { type: "remove", id });
    this.leave(id);
  }

  async startVideo(): Promise<void> {
    throw new Error("the page must never offer video");
  }

  async stopVideo(): Promise<void> {}

  async startScreenSharing(): Promise<void> {
    throw new Error("the page must never share a screen");
  }

  async stopScreenSharing(): Promise<void> {}

  async setConstraints(): Promise<void> {}

  dispose(): void {
    this.end(0, 0);
  }

  // --- what the test, or the service, makes of it

  to(state: Sdk.CallState): void {
    this.#to(state);
  }

  // With the reason of which the tables speak.
  end(code: number, subCode: number, more: Record<string, unknown> = {}): void {
    if (this.state === "Disconnected") return;
    this.line?.close();
    this.#stopTone();
    this.#element.srcObject = null;
    this.callEndReason = { code, subCode, ...more };
    this.#to("Disconnected");
    this.ended(this);
  }

  arrive(one: StandInParticipant): void {
    this.remoteParticipants = [...this.remoteParticipants, one];
    this.emit("remoteParticipantsUpdated", { added: [one], removed: [] });
  }

  leave(id: string, reason?: Sdk.CallEndReason): void {
    const removed = this.remoteParticipants.filter((one) => getIdentifierRawId(one.identifier) === id);
    for (const one of removed) one.callEndReason = reason;
    this.remoteParticipants = this.remoteParticipants.filter((one) => !removed.includes(one));
    if (removed.length > 0) this.emit("remoteParticipantsUpdated", { added: [], removed });
  }

  participant(id: string): StandInParticipant | undefined {
    return this.remoteParticipants.find((one) => getIdentifierRawId(one.identifier) === id);
  }

  mutedBecomes(isMuted: boolean): void {
    if (this.line?.track) this.line.track.enabled = !isMuted;
    if (this.isMuted !== isMuted) this.become({ isMuted }, "isMutedChanged");
  }

  // Somebody asks the service; a call that the test plays does as it is told.
  async ask(operation: string, message: Record<string, unknown>): Promise<void> {
    stage.check(operation);
    const reason = (await this.line?.ask(message)) ?? null;
    if (reason) throw refused(operation, reason);
  }

  hears(stream: MediaStream): void {
    const added = [new StandInRemoteAudioStream(stream)];
    const removed = this.remoteAudioStreams;
    this.remoteAudioStreams = added;
    this.#element.srcObject = stream;
    void this.#element.play().catch(() => {});
    this.emit("remoteAudioStreamsUpdated", { added, removed });
  }

  // The sound of a call that the test plays.
  tone(hertz: number): void {
    const context = new AudioContext();
    const oscillator = new OscillatorNode(context, { frequency: hertz });
    const destination = new MediaStreamAudioDestinationNode(context, { channelCount: 1 });
    oscillator.connect(new GainNode(context, { gain: 0.5 })).connect(destination);
    oscillator.start();
    this.#stopTone = () => void context.close();
    this.hears(destination.stream);
  }

  // The microphone's track as it goes out: a copy, so that muting leaves the page's own alone.
  async microphone(): Promise<MediaStreamTrack | null> {
    const stream = await (this.localAudioStreams[0]?.getMediaStream() ?? navigator.mediaDevices.getUserMedia({ audio: true }).catch(() => null));
    const track = stream?.getAudioTracks()[0]?.clone() ?? null;
    if (track) track.enabled = !this.isMuted;
    return track;
  }

  #begin(): void {
    this.#to("Connecting");
    const { join, state } = this.#plan;
    if (stage.isOffline) setTimeout(() => this.end(490, 4525, { message: "NetworkError", resultCategories: ["UnexpectedClientError"] }), stage.patience);
    else if (join) {
      const { endpoint, token, ...rest } = join;
      this.line = new Line(endpoint, token, rest, (message) => follow(this, message), (stream) => this.hears(stream));
    } else if (state) this.#to(state);
  }

  #to(state: Sdk.CallState): void {
    if (this.state === state || this.state === "Disconnected") return;
    this.become({ state }, "stateChanged");
  }

  #use(added: LocalAudioStream[]): void {
    const removed = this.localAudioStreams;
    this.localAudioStreams = added;
    this.emit("localAudioStreamsUpdated", { added, removed });
    if (this.line) void this.microphone().then((track) => this.line?.use(track));
  }
}
