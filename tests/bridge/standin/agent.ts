// Who is signed in, of either kind, and who calls them.
import type * as Sdk from "@azure/communication-calling";
import type { CommunicationIdentifier, CommunicationTokenCredential } from "@azure/communication-common";
import { StandInCall } from "./call.js";
import { conducted } from "./conductor.js";
import { Emitter } from "./emitter.js";
import { StandInError } from "./errors.js";
import { stage } from "./stage.js";

// What the page holds of a call; `assignable.ts` compares the two.
type Shown = Sdk.Call & Sdk.TeamsCall;
const shown = (call: StandInCall) => call as unknown as Shown;

type Locator = Sdk.TeamsMeetingLinkLocator | Sdk.TeamsMeetingIdLocator | Sdk.GroupLocator | Sdk.RoomLocator;

export class StandInIncomingCall extends Emitter {
  readonly id = crypto.randomUUID() as string;
  readonly kind: Sdk.IncomingCallKind;
  readonly info = { threadId: undefined, groupId: undefined, participantId: crypto.randomUUID() as string, getServerCallId: async () => "", onCallInfoChanged() {}, offCallInfoChanged() {} };
  transferorInfo?: Sdk.CallerInfo;
  callEndReason?: Sdk.CallEndReason;
  customContext?: Sdk.CustomContext;

  constructor(private readonly agent: StandInAgent, public callerInfo: Sdk.CallerInfo) {
    super();
    this.kind = (agent.isTeams ? "TeamsIncomingCall" : "IncomingCall") as Sdk.IncomingCallKind;
  }

  async accept(options?: Sdk.AcceptCallOptions): Promise<Shown> {
    stage.check("accept");
    if (this.callEndReason) throw new StandInError(400, 41006, "the call does not ring any more");
    const call = this.agent.begin({ options, direction: "Incoming", caller: this.callerInfo, others: this.callerInfo.identifier ? [this.callerInfo.identifier] : [], state: "Connected" });
    this.stop(0, 0);
    return shown(call);
  }

  async reject(): Promise<void> {
    stage.check("reject");
    if (this.callEndReason) throw new StandInError(400, 41007, "the call does not ring any more");
    this.stop(0, 603);
  }

  // The caller gives up, or it was answered elsewhere.
  stop(code: number, subCode: number): void {
    this.callEndReason = { code, subCode };
    this.emit("callEnded", { callEndReason: this.callEndReason });
  }
}

export class StandInAgent extends Emitter {
  readonly kind: Sdk.CallAgentKind;
  connectionState: Sdk.ConnectionState = "Disconnected";
  calls: Shown[] = [];
  // What was asked of it, for the test to see.
  readonly begun: unknown[] = [];
  isDisposed = false;

  constructor(
    readonly isTeams: boolean,
    readonly credential: CommunicationTokenCredential,
    readonly displayName: string,
    readonly options: unknown = {},
    private readonly gone: () => void = () => {},
  ) {
    super();
    this.kind = (isTeams ? "TeamsCallAgent" : "CallAgent") as Sdk.CallAgentKind;
    stage.agents.push(this);
    void conducted().catch(() => {});
  }

  join(locator: Locator, options?: Sdk.JoinCallOptions): Shown {
    stage.check("join");
    this.begun.push({ locator, options: seen(options) });
    if (this.isTeams && ("groupId" in locator || "roomId" in locator)) throw new StandInError(400, 0, "not for Teams users");
    const { endpoint, meeting } = where(locator);
    return shown(this.begin({ options, groupId: "groupId" in locator ? locator.groupId : undefined }, { endpoint, meeting }));
  }

  startCall(whom: CommunicationIdentifier | CommunicationIdentifier[], options?: Sdk.StartCallOptions & Sdk.StartTeamsGroupCallOptions): Shown {
    stage.check("startCall");
    const { audioOptions, ...more } = options ?? {};
    this.begun.push({ whom, isGroup: Array.isArray(whom), options: seen({ audioOptions }), ...more });
    return shown(this.begin({ options, others: [whom].flat(), state: "Ringing" }));
  }

  async dispose(): Promise<void> {
    this.isDisposed = true;
    for (const call of [...this.calls]) await call.hangUp();
    this.gone();
  }

  // --- what the test makes of it

  begin(plan: ConstructorParameters<typeof StandInCall>[1], join?: { endpoint: string; meeting: Record<string, unknown> }): StandInCall {
    const ended = (call: StandInCall) => {
      this.calls = this.calls.filter((one) => one !== shown(call));
      this.emit("callsUpdated", { added: [], removed: [call] });
    };
    const more = join && { join: { ...join, displayName: this.displayName, token: this.token } };
    const call = new StandInCall(this.isTeams ? "TeamsCall" : "Call", { ...plan, ...more }, ended, (next) => this.begin(next));
    this.calls = [...this.calls, shown(call)];
    // The SDK may tell of a call before the one who began it has it in hand.
    this.emit("callsUpdated", { added: [call], removed: [] });
    return call;
  }

  ring(callerInfo: Sdk.CallerInfo, more: Partial<StandInIncomingCall> = {}): StandInIncomingCall {
    const incomingCall = Object.assign(new StandInIncomingCall(this, callerInfo), more);
    stage.rung.push(incomingCall);
    this.emit("incomingCall", { incomingCall });
    return incomingCall;
  }

  connection(newValue: Sdk.ConnectionState, reason?: Sdk.ConnectionStateChangedReason): void {
    const oldValue = this.connectionState;
    this.connectionState = newValue;
    this.emit("connectionStateChanged", { newValue, oldValue, reason });
  }

  token = "";

  // As the SDK does shortly before the old one ends.
  async refresh(): Promise<void> {
    this.token = (await this.credential.getToken()).token;
  }
}

// Our own meeting links name their service; everything else is looked for on the stage.
function where(locator: Locator): { endpoint: string; meeting: Record<string, unknown> } {
  const { endpoint } = stage;
  if ("meetingLink" in locator) {
    const link = new URL(locator.meetingLink);
    return { endpoint: link.origin, meeting: { link: locator.meetingLink } };
  }
  if ("meetingId" in locator) return { endpoint, meeting: { id: locator.meetingId, passcode: locator.passcode ?? null } };
  if ("groupId" in locator) return { endpoint, meeting: { threadId: locator.groupId } };
  return { endpoint, meeting: { threadId: locator.roomId } };
}

// Streams cannot be shown to a test.
function seen(options?: Sdk.JoinCallOptions): unknown {
  return { muted: options?.audioOptions?.muted, streams: options?.audioOptions?.localAudioStreams?.length ?? 0, hasVideo: options !== undefined && "videoOptions" in options };
}
