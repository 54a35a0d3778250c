// Who is signed in: an agent for each identity, its incoming calls, and its tokens.
import type { CallAgent, CallClient, TeamsCallAgent } from "@azure/communication-calling";
import type { Calls, Tools } from "./calls.js";
import type { Clients } from "./clients.js";
import type { SoundDevices } from "./devices.js";
import { Refusal, endReason } from "./failure.js";
import type { CommandNamed } from "./protocol/to_page.js";
import type { CustomContext, EndReason, Identity } from "./protocol/values.js";
import type { AnyAgent, AnyIncoming } from "./sdk.js";
import type { Tokens } from "./tokens.js";

interface Agent {
  number: number;
  identity: Identity;
  client: CallClient;
  sdk: AnyAgent;
}

interface Ringing {
  call: AnyIncoming;
  agent: number;
  // While it is being accepted its end is only the beginning of a call.
  isAnswering: boolean;
  ended: EndReason | null;
  say(): void;
}

export class Agents {
  #agents = new Map<number, Agent>();
  #given = 0;
  #incoming = new Map<number, Ringing>();
  #rung = 0;

  constructor(
    private readonly tools: Tools,
    private readonly tokens: Tokens,
    private readonly calls: Calls,
    private readonly clients: Clients,
    private readonly devices: SoundDevices,
  ) {}

  async create({ identity, displayName, emergencyCountry }: CommandNamed<"createAgent">): Promise<{ agent: number; connection: string }> {
    const known: { agent: number | null } = { agent: null };
    const ask = () => this.tokens.ask(identity, known.agent);
    const token = await ask();
    const client = this.clients.take();
    try {
      await this.devices.prepare(client);
      const credential = new this.tools.sdk.AzureCommunicationTokenCredential({ token, tokenRefresher: ask, refreshProactively: true });
      const sdk =
        identity === "teams"
          ? await client.createTeamsCallAgent(credential)
          : await client.createCallAgent(credential, {
              ...(displayName && { displayName }),
              ...(emergencyCountry && { emergencyCallOptions: { countryCode: emergencyCountry } }),
            });
      const agent: Agent = { number: ++this.#given, identity, client, sdk };
      known.agent = agent.number;
      this.#agents.set(agent.number, agent);
      this.#watch(agent);
      return { agent: agent.number, connection: sdk.connectionState };
    } catch (error) {
      this.clients.giveBack(client);
      throw error;
    }
  }

  async dispose(number: number): Promise<void> {
    const agent = this.get(number);
    this.#agents.delete(number);
    for (const call of this.calls.all) if (call.agent === number) await call.sdk.hangUp().catch(() => {});
    for (const [ringing, { agent: of }] of this.#incoming) if (of === number) this.#incoming.delete(ringing);
    await agent.sdk.dispose();
    this.clients.giveBack(agent.client);
  }

  async disposeAll(): Promise<void> {
    await Promise.allSettled([...this.#agents.keys()].map((number) => this.dispose(number)));
  }

  get(number: number): Agent {
    const agent = this.#agents.get(number);
    if (!agent) throw new Refusal("NoSuchAgent", `there is no agent ${number}`);
    return agent;
  }

  ringing(number: number): Ringing {
    const found = this.#incoming.get(number);
    if (!found) throw new Refusal("NoSuchIncomingCall", `there is no incoming call ${number}`);
    return found;
  }

  // Once answered it rings no more; if that failed it rings on, or has ended meanwhile.
  async answer<Answer>(number: number, accept: (call: AnyIncoming) => Promise<Answer>): Promise<Answer> {
    const ringing = this.ringing(number);
    ringing.isAnswering = true;
    try {
      const accepted = await accept(ringing.call);
      this.#incoming.delete(number);
      return accepted;
    } finally {
      ringing.isAnswering = false;
      if (ringing.ended) this.#stop(number, ringing.ended);
    }
  }

  async reject(number: number): Promise<void> {
    await this.ringing(number).call.reject();
    this.#incoming.delete(number);
  }

  refresh(): void {
    for (const { number, sdk } of this.#agents.values()) this.#sayState(number, sdk.connectionState, null);
    for (const { say } of this.#incoming.values()) say();
  }

  #watch({ number, identity, sdk }: Agent): void {
    if (identity === "teams") {
      const agent = sdk as TeamsCallAgent;
      agent.on("incomingCall", ({ incomingCall }) => this.#ring(incomingCall, number));
      agent.on("callsUpdated", (calls) => this.calls.updated(number, calls));
      agent.on("connectionStateChanged", ({ newValue, reason }) => this.#sayState(number, newValue, reason ?? null));
    } else {
      const agent = sdk as CallAgent;
      agent.on("incomingCall", ({ incomingCall }) => this.#ring(incomingCall, number));
      agent.on("callsUpdated", (calls) => this.calls.updated(number, calls));
      agent.on("connectionStateChanged", ({ newValue, reason }) => this.#sayState(number, newValue, reason ?? null));
      agent.on("handleIncomingCall", (told) => this.tools.control.say({ type: "incomingMissed", agent: number, reason: endReason(told) }));
    }
    this.calls.updated(number, { added: [...sdk.calls], removed: [] });
  }

  #sayState(agent: number, connection: string, because: string | null): void {
    if (this.#agents.has(agent)) this.tools.control.say({ type: "agentState", agent, connection, because });
  }

  #ring(call: AnyIncoming, agent: number): void {
    const incoming = ++this.#rung;
    const { people, control } = this.tools;
    const say = () => {
      if (!this.#incoming.has(incoming)) return;
      control.say({
        type: "incoming",
        incoming,
        agent,
        kind: call.kind,
        caller: people.person(call.callerInfo),
        transferor: people.maybe(call.transferorInfo),
        customContext: context(call.customContext),
      });
    };
    const ringing: Ringing = { call, agent, isAnswering: false, ended: null, say };
    this.#incoming.set(incoming, ringing);
    call.on("callerInfoChanged", say);
    call.on("transferorInfoChanged", say);
    call.on("callEnded", ({ callEndReason }) => {
      if (ringing.isAnswering) ringing.ended = endReason(callEndReason);
      else this.#stop(incoming, endReason(callEndReason));
    });
    say();
  }

  #stop(incoming: number, reason: EndReason): void {
    if (this.#incoming.delete(incoming)) this.tools.control.say({ type: "incomingEnded", incoming, reason });
  }
}

function context(given: AnyIncoming["customContext"]): CustomContext | null {
  return given ? { userToUser: given.userToUser ?? null, sipHeaders: given.sipHeaders ?? [], voipHeaders: given.voipHeaders ?? [] } : null;
}
