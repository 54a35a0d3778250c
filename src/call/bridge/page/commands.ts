// What each command does: one line for most, and nothing that another file can say better.
import type { CommunicationUserIdentifier, MicrosoftTeamsUserIdentifier } from "@azure/communication-common";
import type { Call, DtmfTone, Reaction, TeamsCall } from "@azure/communication-calling";
import type { Agents } from "./agents.js";
import type { Beginnings } from "./beginnings.js";
import type { LiveCall } from "./call.js";
import type { Calls } from "./calls.js";
import type { Clients } from "./clients.js";
import { reportStatistics } from "./connection.js";
import type { SoundDevices } from "./devices.js";
import { Refusal } from "./failure.js";
import type { People } from "./people.js";
import type { Command, CommandName, CommandNamed } from "./protocol/to_page.js";
import type { Rating } from "./protocol/values.js";
import { roomOf } from "./rooms.js";
import { lobbyOf, present } from "./roster.js";
import type { Sdk } from "./sdk.js";
import type { Sound } from "./sound.js";
import { transfer } from "./transfer.js";
import { isOfTeams } from "./words.js";

// Everything a command may need.
export interface Desk {
  sdk: Sdk;
  clients: Clients;
  people: People;
  agents: Agents;
  calls: Calls;
  beginnings: Beginnings;
  sound: Sound;
  devices: SoundDevices;
  refresh(): void;
}

type Act<Name extends CommandName> = (desk: Desk, command: CommandNamed<Name>) => unknown;
type Acts = { [Name in Exclude<CommandName, "close">]: Act<Name> };

// The result that goes into `done`.
export async function carryOut(desk: Desk, command: Command): Promise<unknown> {
  if (!Object.hasOwn(ACTS, command.type)) throw new Refusal("WrongCommand", `there is no command ${command.type}`);
  const act = ACTS[command.type as keyof Acts] as (desk: Desk, command: Command) => unknown;
  return (await act(desk, command)) ?? null;
}

// A command about one call.
function on<Name extends CommandName>(act: (call: LiveCall, command: CommandNamed<Name>, desk: Desk) => unknown): Act<Name> {
  return (desk, command) => act(desk.calls.get((command as { call?: number }).call ?? 0), command, desk);
}

const ACTS: Acts = {
  environment: async ({ sdk, clients }) => {
    const { environment, ...supported } = await clients.first.feature(sdk.Features.DebugInfo).getEnvironmentInfo();
    return { ...environment, ...supported };
  },
  devices: ({ devices }) => devices.ask(),
  selectMicrophone: ({ devices }, { device }) => devices.selectMicrophone(device),
  selectSpeaker: ({ devices }, { device }) => devices.selectSpeaker(device),
  refresh: (desk) => desk.refresh(),

  createAgent: ({ agents }, command) => agents.create(command),
  disposeAgent: ({ agents }, { agent }) => agents.dispose(agent),
  join: ({ beginnings }, command) => beginnings.join(command),
  startCall: ({ beginnings }, command) => beginnings.start(command),
  accept: ({ beginnings }, command) => beginnings.accept(command),
  reject: ({ agents }, { incoming }) => agents.reject(incoming),

  hangUp: on(({ sdk }, { forEveryone }) => sdk.hangUp({ forEveryone })),
  mute: on(({ sdk }) => sdk.mute()),
  unmute: on(({ sdk }) => sdk.unmute()),
  deafen: on((call, _, { sound }) => sound.deafen(call, true)),
  undeafen: on((call, _, { sound }) => sound.deafen(call, false)),
  hold: on(({ sdk }) => sdk.hold()),
  resume: on(({ sdk }) => sdk.resume()),
  sendDtmf: on(({ sdk }, { tone }) => sdk.sendDtmf(tone as DtmfTone)),
  transfer: on((call, { to }, { calls }) => {
    const { transfer: number, say } = transfer(call, to, (other) => calls.get(other).sdk.id);
    // After `done`, and before anything that the SDK may tell.
    queueMicrotask(() => queueMicrotask(say));
    return { transfer: number };
  }),
  serverCallId: on(async ({ sdk }) => ({ serverCallId: await sdk.info.getServerCallId() })),
  grantConsent: on((call) => grantConsent(call)),
  useAudio: on(async (call, { audio }, { sound }) => ({ audio: await sound.use(call, audio) })),

  addParticipant: on((call, command, { people }) => add(call, command, people)),
  removeParticipant: on(({ sdk }, { who }, { people }) => (sdk as Call).removeParticipant(people.identifier(who))),
  muteParticipant: on((call, { who }) => present(call, who).mute()),
  muteOthers: on(({ sdk }) => sdk.muteAllRemoteParticipants()),
  admit: on((call, { who }, { people }) => lobbyOf(call).admit(people.identifier(who))),
  rejectFromLobby: on((call, { who }, { people }) => lobbyOf(call).reject(people.identifier(who))),
  admitAll: on(async (call) => {
    const { successCount, failureCount } = await lobbyOf(call).admitAll();
    return { admitted: successCount, failed: failureCount };
  }),
  permitAudio: on((call, { who }, { people }) => call.feature("MediaAccess").permitAudio(identifiers(people, who))),
  forbidAudio: on((call, { who }, { people }) => call.feature("MediaAccess").forbidAudio(identifiers(people, who))),
  permitOthersAudio: on((call) => call.feature("MediaAccess").permitOthersAudio()),
  forbidOthersAudio: on((call) => call.feature("MediaAccess").forbidOthersAudio()),
  startSpotlight: on((call, { who }, { people }) => call.feature("Spotlight").startSpotlight(some(people, who))),
  stopSpotlight: on((call, { who }, { people }) => call.feature("Spotlight").stopSpotlight(some(people, who))),
  stopAllSpotlight: on((call) => call.feature("Spotlight").stopAllSpotlight()),

  raiseHand: on((call) => call.feature("RaiseHand").raiseHand()),
  lowerHand: on((call) => call.feature("RaiseHand").lowerHand()),
  lowerHands: on((call, { who }, { people }) => call.feature("RaiseHand").lowerHands(identifiers(people, who) as (CommunicationUserIdentifier | MicrosoftTeamsUserIdentifier)[])),
  lowerAllHands: on((call) => call.feature("RaiseHand").lowerAllHands()),
  react: on((call, { reaction }) => call.feature("Reaction").sendReaction({ reactionType: reaction as Reaction })),

  startCaptions: on((call, { spokenLanguage }) => call.feature("Captions").captions.startCaptions(spokenLanguage ? { spokenLanguage } : undefined)),
  stopCaptions: on((call) => call.feature("Captions").captions.stopCaptions()),
  setSpokenLanguage: on((call, { language }) => call.feature("Captions").captions.setSpokenLanguage(language)),
  setCaptionLanguage: on((call, { language }) => {
    const { captions } = call.feature("Captions");
    if (!isOfTeams(captions)) throw new Refusal("NotInThisCall", "captions are not translated in this call");
    return captions.setCaptionLanguage(language);
  }),
  sendRealTimeText: on((call, { text, isFinal }) => call.feature("RealTimeText").sendRealTimeText(text, isFinal)),

  joinBreakoutRoom: on(async (call, { threadId }, { calls }) => {
    const joined = await calls.make(call.agent, null, () => roomOf(call, threadId).join());
    return { call: joined.number };
  }),
  returnToMeeting: on(async (call, { threadId }, { calls }) => {
    const meeting = await calls.make(call.agent, null, () => roomOf(call, threadId).returnToMainMeeting());
    return { call: meeting.number };
  }),

  reportStatistics: on((call, { on }) => reportStatistics(call, on)),
  sendDiagnostics: on((call, { on }) => {
    const { remote } = call.feature("UserFacingDiagnostics");
    if (on) remote.startSendingDiagnostics();
    else remote.stopSendingDiagnostics();
  }),
  dialIn: on(async (call) => {
    const { phoneConferenceId, phoneNumbers } = await call.feature("TeamsMeetingAudioConferencing").getTeamsMeetingAudioConferencingDetails();
    const numbers = phoneNumbers.map(({ tollPhoneNumber, tollFreePhoneNumber, countryName, cityName }) => ({
      toll: tollPhoneNumber?.phoneNumber ?? null,
      tollFree: tollFreePhoneNumber?.phoneNumber ?? null,
      country: countryName ?? null,
      city: cityName ?? null,
    }));
    return { conferenceId: phoneConferenceId, numbers };
  }),
  submitSurvey: ({ calls }, { call, overall, audio }) =>
    calls.submitSurvey(call, async (feature) => {
      const { id } = await feature.submitSurvey({ ...(overall && { overallRating: rating(overall) }), ...(audio && { audioRating: rating(audio) }) });
      return { survey: id };
    }),
};

// One answer clears both; the one that asks is answered.
async function grantConsent(call: LiveCall): Promise<void> {
  const recording = call.feature("Recording");
  const transcription = call.feature("Transcription");
  await (recording.isTeamsConsentRequired || !transcription.isTeamsConsentRequired ? recording : transcription).grantTeamsConsent();
  call.refresh();
}

function add(call: LiveCall, { who, alternateCallerId, threadId }: CommandNamed<"addParticipant">, people: People): void {
  const identifier = people.identifier(who);
  if (call.sdk.kind.valueOf() === "TeamsCall") {
    if (identifier.kind === "communicationUser") throw new Refusal("WrongCommand", "a Teams user cannot add this kind of person");
    (call.sdk as TeamsCall).addParticipant(identifier, threadId ? { threadId } : undefined);
  } else if (identifier.kind === "phoneNumber") {
    (call.sdk as Call).addParticipant(identifier, alternateCallerId ? { alternateCallerId: { phoneNumber: alternateCallerId } } : undefined);
  } else if (identifier.kind === "communicationUser" || identifier.kind === "microsoftTeamsUser") {
    (call.sdk as Call).addParticipant(identifier as CommunicationUserIdentifier);
  } else {
    throw new Refusal("WrongCommand", "this kind of person cannot be added");
  }
}

function identifiers(people: People, ids: string[]) {
  return ids.map((id) => people.identifier(id));
}

// Nobody named means oneself, which the SDK takes as no list.
function some(people: People, ids: string[]) {
  return ids.length > 0 ? identifiers(people, ids) : undefined;
}

function rating<Issue extends string>({ score, issues }: Rating): { score: number; issues: Issue[] } {
  return { score, issues: issues as Issue[] };
}
