// How a call begins: join, start, accept. With our microphone or the browser's, muted or not, and never with video.
import type { CallAgent, JoinCallOptions, StartCallOptions, StartTeamsCallOptions, TeamsCallAgent } from "@azure/communication-calling";
import type { Agents } from "./agents.js";
import type { Calls } from "./calls.js";
import { Refusal, failure } from "./failure.js";
import type { People } from "./people.js";
import type { CommandNamed } from "./protocol/to_page.js";
import type { Beginning, CustomContext, Meeting } from "./protocol/values.js";
import type { AnyCall } from "./sdk.js";
import type { Prepared, Sound } from "./sound.js";

export class Beginnings {
  constructor(
    private readonly agents: Agents,
    private readonly calls: Calls,
    private readonly people: People,
    private readonly sound: Sound,
  ) {}

  join({ agent, meeting, ...beginning }: CommandNamed<"join">): Promise<{ call: number }> {
    const { sdk, identity } = this.agents.get(agent);
    return this.#begin(agent, beginning, (options) => (identity === "teams" ? joinTeams(sdk as TeamsCallAgent, meeting, options) : join(sdk as CallAgent, meeting, options)));
  }

  start({ agent, ...command }: CommandNamed<"startCall">): Promise<{ call: number }> {
    const { sdk, identity } = this.agents.get(agent);
    return this.#begin(agent, command, (options) =>
      identity === "teams" ? this.#startTeams(sdk as TeamsCallAgent, command, options) : this.#start(sdk as CallAgent, command, options),
    );
  }

  accept({ incoming, ...beginning }: CommandNamed<"accept">): Promise<{ call: number }> {
    const { agent } = this.agents.ringing(incoming);
    return this.#begin(agent, beginning, (options) => this.agents.answer(incoming, async (call): Promise<AnyCall> => call.accept(options)));
  }

  async #begin(agent: number, { audio, muted }: Beginning, begin: (options: JoinCallOptions) => AnyCall | Promise<AnyCall>): Promise<{ call: number }> {
    const prepared = await this.sound.prepare(audio);
    try {
      const call = await this.calls.make(agent, prepared, () => begin(options(muted, prepared)));
      return { call: call.number };
    } catch (error) {
      await this.sound.discard(prepared);
      if (!prepared.capture || !isRefusalOfRaw(error)) throw error;
      const without = { ...prepared, capture: null, error: failure(error) };
      const call = await this.calls.make(agent, without, () => begin(options(muted, without)));
      return { call: call.number };
    }
  }

  #start(agent: CallAgent, { to, alternateCallerId, customContext }: Omit<CommandNamed<"startCall">, "agent">, options: JoinCallOptions): AnyCall {
    const more: StartCallOptions = {
      ...options,
      ...(alternateCallerId && { alternateCallerId: { phoneNumber: alternateCallerId } }),
      ...(customContext && { customContext: context(customContext) }),
    };
    return agent.startCall(to.map((id) => this.people.identifier(id)), more);
  }

  #startTeams(agent: TeamsCallAgent, { to, threadId, onBehalfOf, customContext }: Omit<CommandNamed<"startCall">, "agent">, options: JoinCallOptions): AnyCall {
    const more: StartTeamsCallOptions = {
      ...options,
      ...(customContext && { customContext: context(customContext) }),
      ...(onBehalfOf && { onBehalfOfOptions: { userId: this.#teamsUser(onBehalfOf) } }),
    };
    const whom = to.map((id) => this.#callable(id));
    const [only] = whom;
    if (whom.length === 1 && only && !threadId) return agent.startCall(only, more);
    return agent.startCall(whom, { ...more, ...(threadId && { threadId }) });
  }

  // Whom a Teams user can call.
  #callable(id: string) {
    const identifier = this.people.identifier(id);
    if (identifier.kind === "communicationUser" || identifier.kind === "teamsExtensionUser") throw new Refusal("WrongCommand", "a Teams user cannot call this kind of person");
    return identifier;
  }

  #teamsUser(id: string) {
    const identifier = this.people.identifier(id);
    if (identifier.kind !== "microsoftTeamsUser" && identifier.kind !== "microsoftTeamsApp") throw new Refusal("WrongCommand", "calls are made on behalf of Teams users only");
    return identifier;
  }
}

// The service may switch custom streams off: then the call is begun with the sound devices.
function isRefusalOfRaw(error: unknown): boolean {
  const { code, subCode } = failure(error);
  return code === 412 && subCode === 41073;
}

function options(muted: boolean, { capture }: Prepared): JoinCallOptions {
  return { audioOptions: { muted, ...(capture && { localAudioStreams: [capture] }) } };
}

// One overload for each way to name a meeting.
function join(agent: CallAgent, meeting: Meeting, options: JoinCallOptions): AnyCall {
  if ("link" in meeting) return agent.join({ meetingLink: meeting.link }, options);
  if ("meetingId" in meeting) return agent.join(byId(meeting), options);
  if ("groupId" in meeting) return agent.join({ groupId: meeting.groupId }, options);
  return agent.join({ roomId: meeting.roomId }, options);
}

function joinTeams(agent: TeamsCallAgent, meeting: Meeting, options: JoinCallOptions): AnyCall {
  if ("link" in meeting) return agent.join({ meetingLink: meeting.link }, options);
  if ("meetingId" in meeting) return agent.join(byId(meeting), options);
  throw new Refusal("WrongCommand", "a Teams user joins meetings only");
}

function byId({ meetingId, passcode }: { meetingId: string; passcode: string | null }) {
  return { meetingId, ...(passcode && { passcode }) };
}

function context({ userToUser, sipHeaders, voipHeaders }: CustomContext) {
  return { ...(userToUser && { userToUser }), sipHeaders, voipHeaders };
}
