// The calls of this page by number. The SDK's own name for a call may change; ours does not.
import { type Cause, LiveCall, type Watch, watchCall, watchInfo, watchOurselves, watchState } from "./call.js";
import { watchDiagnostics } from "./connection.js";
import type { Control } from "./control.js";
import { Refusal } from "./failure.js";
import { watchCapabilities, watchDominantSpeakers, watchHands, watchMediaAccess, watchReactions, watchSpotlight } from "./meeting.js";
import { watchRecording, watchTranscription } from "./notices.js";
import type { People } from "./people.js";
import { watchRooms } from "./rooms.js";
import { watchLobby, watchRoster } from "./roster.js";
import type { AnyCall, Sdk } from "./sdk.js";
import type { Prepared, Sound } from "./sound.js";
import { watchTransfers } from "./transfer.js";
import { watchCaptions, watchRealTimeText } from "./words.js";

export interface Tools {
  sdk: Sdk;
  people: People;
  control: Control;
  trouble(doing: string, error: unknown): void;
}

export class Calls {
  #live = new Map<number, LiveCall>();
  #given = 0;
  // Commands that are about to make a call: what appears meanwhile is theirs.
  #making = 0;
  #unannounced = new Set<LiveCall>();
  // What can be said of the call that ended last: how it was.
  #survey: { call: number; feature: ReturnType<LiveCall["feature"]> } | null = null;
  readonly #watches: Watch[];

  constructor(
    private readonly tools: Tools,
    private readonly sound: Sound,
  ) {
    const entered = (cause: Cause) => (sdk: AnyCall, from: LiveCall) => this.#entered(sdk, from, cause);
    this.#watches = [
      watchCall,
      // Nothing more of a call is told before it is known whether it is recorded.
      watchRecording,
      watchTranscription,
      watchState,
      watchInfo,
      watchOurselves,
      watchCapabilities,
      watchRoster,
      watchLobby,
      watchDominantSpeakers,
      watchHands,
      watchReactions,
      watchSpotlight,
      watchMediaAccess,
      watchCaptions,
      watchRealTimeText,
      watchRooms(entered("breakoutRoom"), (sdk) => this.#find(sdk)?.number ?? null),
      watchTransfers(entered("transfer")),
      watchDiagnostics,
      sound.watch,
      this.#watchEnd,
    ];
  }

  get(number: number): LiveCall {
    const call = this.#live.get(number);
    if (!call) throw new Refusal("NoSuchCall", `there is no call ${number}`);
    return call;
  }

  get all(): LiveCall[] {
    return [...this.#live.values()];
  }

  // Makes a call on command. It is announced after the program knows its number.
  async make(agent: number, prepared: Prepared | null, begin: () => AnyCall | Promise<AnyCall>): Promise<LiveCall> {
    this.#making += 1;
    try {
      const begun = begin();
      // A call that is there at once is watched in the same tick.
      const sdk = begun instanceof Promise ? await begun : begun;
      return this.#take(sdk, agent, { cause: "command", prepared });
    } finally {
      this.#making -= 1;
    }
  }

  // After `done`: everything that was held back.
  announce(): void {
    if (this.#making > 0) return;
    for (const call of this.#unannounced) call.announce();
    this.#unannounced.clear();
  }

  // The agent tells of calls, ours among them.
  updated(agent: number, { added, removed }: { added: AnyCall[]; removed: AnyCall[] }): void {
    for (const sdk of added) {
      if (!this.#find(sdk)) this.#take(sdk, agent, { cause: this.#making > 0 ? "command" : "other" });
    }
    for (const sdk of removed) this.#find(sdk)?.end();
    this.announce();
  }

  async submitSurvey<Answer>(call: number, submit: (feature: ReturnType<typeof surveyOf>) => Promise<Answer>): Promise<Answer> {
    if (this.#survey?.call !== call) throw new Refusal("NoSuchCall", `call ${call} is not the one that ended last`);
    return submit(this.#survey.feature as ReturnType<typeof surveyOf>);
  }

  #entered(sdk: AnyCall, from: LiveCall, cause: Cause): LiveCall {
    const known = this.#find(sdk);
    // The agent may have told of it before.
    if (known && known !== from && known.origin.from === null) {
      known.cameFrom(cause, from.number);
      this.#inherit(known, from);
    }
    const call = known ?? this.#take(sdk, from.agent, { cause, from });
    this.announce();
    return call;
  }

  #inherit(call: LiveCall, from: LiveCall): void {
    this.sound.inherit(call, from).catch((error: unknown) => call.trouble("using the sound of the call before", error));
  }

  #take(sdk: AnyCall, agent: number, { cause, from = null, prepared = null }: { cause: Cause; from?: LiveCall | null; prepared?: Prepared | null }): LiveCall {
    const known = this.#find(sdk);
    if (known) {
      if (prepared) this.sound.take(known, prepared);
      return known;
    }
    const call = new LiveCall(sdk, { number: ++this.#given, agent, cause, from: from?.number ?? null }, this.tools);
    this.#live.set(call.number, call);
    this.#unannounced.add(call);
    this.sound.take(call, prepared ?? UNPREPARED);
    call.watch(this.#watches);
    if (from) this.#inherit(call, from);
    return call;
  }

  #find(sdk: AnyCall): LiveCall | undefined {
    return this.all.find((call) => call.sdk === sdk || (sdk.id !== "" && call.sdk.id === sdk.id));
  }

  // The object is forgotten with its end; only how to rate it is kept, until the next call ends.
  readonly #watchEnd: Watch = (call) => {
    call.onEnd(() => {
      this.#live.delete(call.number);
      call.attempt("keeping the survey", () => (this.#survey = { call: call.number, feature: surveyOf(call) }));
    });
    call.onState((state) => {
      if (state === "Disconnected") call.end();
    });
    return undefined;
  };
}

// What nobody asked for has the browser's sound.
const UNPREPARED: Prepared = { wanted: "system", capture: null, error: null };

function surveyOf(call: LiveCall) {
  return call.feature("CallSurvey");
}
