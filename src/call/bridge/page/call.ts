// One call as the program follows it: what it is, its state, and everything that is watched in it.
//
// The listeners live as long as the SDK's object. After the end nothing more is said of a call, and nothing of it is kept.
import type { CallFeature, CallFeatureFactory, Features, TeamsCall } from "@azure/communication-calling";
import type { Control } from "./control.js";
import { Refusal, endReason } from "./failure.js";
import type { People } from "./people.js";
import type { ToProgram } from "./protocol/to_program.js";
import type { AnyCall, Sdk } from "./sdk.js";

export type Cause = "command" | "breakoutRoom" | "transfer" | "other";

// Says what it watches, as it is now.
export type Say = () => void;
// Begins to watch one thing of a call.
export type Watch = (call: LiveCall) => Say | undefined;

// The features of a call that the SDK declares, by name.
type CallFeatures = { [Name in keyof typeof Features as (typeof Features)[Name] extends CallFeatureFactory<CallFeature> ? Name : never]: (typeof Features)[Name] };
type FeatureNamed<Name extends keyof CallFeatures> = CallFeatures[Name] extends CallFeatureFactory<infer Feature> ? Feature : never;

export interface Origin {
  number: number;
  agent: number;
  cause: Cause;
  from: number | null;
}

export class LiveCall {
  readonly number: number;
  readonly agent: number;
  // A person chose to hear nothing.
  isDeafened = false;
  // Its sound travels over /pcm.
  isRaw = false;
  #says: Say[] = [];
  #said = new Map<string, string>();
  #held: ToProgram[] | null = [];
  #ended = false;
  #onState: ((state: string) => void)[] = [];
  #onEnd: (() => void)[] = [];

  constructor(
    readonly sdk: AnyCall,
    readonly origin: Origin,
    private readonly tools: { sdk: Sdk; people: People; control: Control; trouble(doing: string, error: unknown): void },
  ) {
    this.number = origin.number;
    this.agent = origin.agent;
  }

  get people(): People {
    return this.tools.people;
  }

  get isOver(): boolean {
    return this.#ended;
  }

  // In the tick in which the call came to be: what was true before is not announced by the SDK, so everything is read once.
  watch(watches: Watch[]): void {
    for (const watch of watches) {
      try {
        const say = watch(this);
        if (say) this.#says.push(say);
      } catch (error) {
        if (!(error instanceof Refusal)) this.trouble("watching a call", error);
      }
    }
    this.refresh();
  }

  // How the page came by it is known only now.
  cameFrom(cause: Cause, from: number): void {
    Object.assign(this.origin, { cause, from });
    this.attempt("reading a call", () => sayCall(this));
  }

  // What was held back until the program knows the call's number.
  announce(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const message of held) this.tools.control.say(message);
  }

  refresh(): void {
    this.#said.clear();
    for (const say of this.#says) this.attempt("reading a call", say);
  }

  // Once more at a moment at which the SDK's own news may be missing.
  onState(listener: (state: string) => void): void {
    this.#onState.push(listener);
  }

  onEnd(listener: () => void): void {
    this.#onEnd.push(listener);
  }

  stateChanged(state: string): void {
    for (const listener of this.#onState) this.attempt("following a call", () => listener(state));
  }

  // How something is now; not repeated while it stays so. `part` tells states of one type apart.
  state(message: ToProgram, part = ""): void {
    const text = JSON.stringify(message);
    const key = `${message.type} ${part}`;
    if (this.#said.get(key) === text) return;
    this.#said.set(key, text);
    this.moment(message);
  }

  // Something that happened, or a state that is worth repeating.
  moment(message: ToProgram): void {
    if (this.#ended) return;
    if (this.#held) this.#held.push(message);
    else this.tools.control.say(message);
  }

  // The last word. The reason is read here, once.
  end(): void {
    if (this.#ended) return;
    // The agent may tell of the end before the call does.
    sayState(this);
    this.moment({ type: "callEnded", call: this.number, reason: endReason(this.sdk.callEndReason) });
    this.#ended = true;
    for (const listener of this.#onEnd) listener();
    this.#says = this.#onState = this.#onEnd = [];
  }

  feature<Name extends keyof CallFeatures>(name: Name): FeatureNamed<Name> {
    const factory = this.tools.sdk.Features[name] as unknown as CallFeatureFactory<FeatureNamed<Name> & CallFeature>;
    try {
      return this.sdk.feature(factory);
    } catch (error) {
      throw new Refusal("NotInThisCall", `this call has no ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  attempt(doing: string, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.trouble(doing, error);
    }
  }

  trouble(doing: string, error: unknown): void {
    if (!this.#ended) this.tools.trouble(doing, error);
  }
}

// What the call is.
export const watchCall: Watch = (call) => {
  const { sdk } = call;
  const say = () => sayCall(call);
  sdk.on("idChanged", say);
  sdk.on("callerInfoChanged", say);
  sdk.on("transferorInfoChanged", say);
  return say;
};

function sayCall(call: LiveCall): void {
  const { sdk, number, agent, origin } = call;
  call.state({
    type: "call",
    call: number,
    agent,
    kind: sdk.kind,
    direction: sdk.direction,
    cause: origin.cause,
    from: origin.from,
    caller: call.people.maybe(sdk.callerInfo),
    transferor: call.people.maybe(sdk.transferorInfo),
    isEmergency: (sdk as TeamsCall).isEmergencyCall === true,
    sdkId: sdk.id,
  });
}

// Where it stands. The others hear of a change after the program did.
export const watchState: Watch = (call) => {
  const say = () => sayState(call);
  call.sdk.on("stateChanged", () => {
    say();
    call.stateChanged(call.sdk.state);
  });
  return say;
};

function sayState(call: LiveCall): void {
  call.state({ type: "callState", call: call.number, state: call.sdk.state });
}

// The chat's thread may come late: it is read at every state too.
export const watchInfo: Watch = (call) => {
  const { sdk } = call;
  const say = () => {
    const { threadId, participantId } = sdk.info;
    const groupId = "groupId" in sdk.info ? sdk.info.groupId : undefined;
    call.state({ type: "callInfo", call: call.number, threadId: threadId ?? null, groupId: groupId ?? null, participantId: participantId ?? null });
  };
  sdk.info.onCallInfoChanged("callInfoChanged", say);
  call.onState(say);
  return say;
};

export const watchOurselves: Watch = (call) => {
  const { sdk, number } = call;
  const role = () => call.state({ type: "role", call: number, role: sdk.role });
  const muted = () => call.state({ type: "muted", call: number, isMuted: sdk.isMuted });
  sdk.on("roleChanged", role);
  sdk.on("isMutedChanged", muted);
  sdk.on("mutedByOthers", () => call.moment({ type: "mutedByOthers", call: number }));
  return () => {
    role();
    muted();
    sayDeafened(call);
  };
};

export function sayDeafened(call: LiveCall): void {
  call.state({ type: "deafened", call: call.number, isDeafened: call.isDeafened });
}
