// What the embedded service says, as the SDK would tell it.
import type * as Sdk from "@azure/communication-calling";
import { createIdentifierFromRawId, getIdentifierKind, getIdentifierRawId } from "@azure/communication-common";
import type { StandInCall } from "./call.js";
import type { Heard } from "./line.js";
import { StandInParticipant } from "./people.js";

export function follow(call: StandInCall, message: Heard): void {
  const act = ACTS[message.type];
  if (act && call.state !== "Disconnected") act(call, message);
}

const ACTS: Record<string, (call: StandInCall, message: Heard) => void> = {
  callState: (call, { state }) => {
    const next = capital(state) as Sdk.CallState;
    const isNew = next !== call.state;
    if (isNew && next === "LocalHold") call.line?.silence();
    call.to(next);
    if (isNew && next === "Connected") void call.microphone().then((track) => call.line?.connect(track));
  },
  info: (call, { threadId, me }) => {
    call.me = me;
    if (threadId && call.info.threadId !== threadId) call.info.become({ threadId }, "callInfoChanged");
  },
  roster: (call, { participants }) => {
    const others = participants.filter(({ id }: { id: string }) => id !== call.me);
    for (const one of call.remoteParticipants) {
      const id = getIdentifierRawId(one.identifier);
      if (!others.some((other: { id: string }) => other.id === id)) call.leave(id);
    }
    for (const other of others) update(call, other);
  },
  participant: (call, { participant }) => participant.id !== call.me && update(call, participant),
  participantLeft: (call, { id }) => call.leave(id),
  lobby: (call, { waiting }) => {
    const before = call.lobby.participants;
    call.lobby.participants = waiting.map(({ id, displayName }: { id: string; displayName: string }) => {
      const one = before.find((known) => getIdentifierRawId(known.identifier) === id) ?? new StandInParticipant(id);
      one.displayName = displayName;
      one.state = "InLobby";
      return one;
    });
    const added = call.lobby.participants.filter((one) => !before.includes(one));
    const removed = before.filter((one) => !call.lobby.participants.includes(one));
    if (added.length + removed.length > 0) call.lobby.emit("lobbyParticipantsUpdated", { added, removed });
  },
  role: (call, { role }) => call.role !== ROLES[role] && call.become({ role: ROLES[role] ?? "Unknown" }, "roleChanged"),
  capabilities: (call, { capabilities }) => call.features.Capabilities.overlay(capabilities),
  notice: (call, { kind, isActive, consent }) => {
    const isTeamsConsentRequired = consent === "required";
    if (kind === "recording") call.features.Recording.notice(isActive, isTeamsConsentRequired);
    else call.features.Transcription.notice(isActive, isTeamsConsentRequired);
  },
  muted: (call, { isMuted, by }) => {
    const isNews = isMuted && !call.isMuted && by;
    call.mutedBecomes(isMuted);
    if (isNews) call.emit("mutedByOthers");
  },
  hands: (call, { raised }) => call.features.RaiseHand.raised(raised),
  reaction: (call, { by, reaction }) => call.features.Reaction.emit("reaction", { identifier: createIdentifierFromRawId(by.id), reactionMessage: { reactionType: reaction } }),
  talking: (call, { ids }) => {
    for (const one of call.remoteParticipants) {
      const isSpeaking = ids.includes(getIdentifierRawId(one.identifier));
      if (one.isSpeaking !== isSpeaking) one.become({ isSpeaking }, "isSpeakingChanged");
    }
    const speakersList = ids.map((id: string) => createIdentifierFromRawId(id));
    call.features.DominantSpeakers.become({ dominantSpeakers: { speakersList, timestamp: new Date() } }, "dominantSpeakersChanged");
  },
  quality: (call, { quality }) => call.features.UserFacingDiagnostics.network.say("networkReceiveQuality", ["good", "poor", "bad"].indexOf(quality) + 1),
  media: (call, { state }) => call.features.UserFacingDiagnostics.network.say("networkReconnect", state === "reconnecting" ? 2 : 1),
  caption: (call, { person, text, isFinal, language }) => call.features.Captions.captions.hear(person, text, isFinal, language),
  text: (call, { id, person, text, isFinal }) => call.features.RealTimeText.hear(person, id, text, isFinal, person.id === call.me),
  ended: (call, { code, subcode }) => call.end(code, subcode),
  closed: (call) => call.end(410, 3112, { message: "the connection was lost", resultCategories: ["UnexpectedClientError"] }),
};

interface Entry {
  id: string;
  displayName: string;
  role: string;
  state: string;
  isMuted: boolean;
}

function update(call: StandInCall, { id, displayName, role, state, isMuted }: Entry): void {
  const known = call.participant(id);
  const one = known ?? new StandInParticipant(id, () => call.ask("muteParticipant", { type: "muteOthers", ids: [id] }));
  const events: string[] = [];
  const next = state.endsWith("Hold") ? "Hold" : (capital(state) as Sdk.RemoteParticipantState);
  if (one.displayName !== displayName) events.push("displayNameChanged");
  if (one.role !== ROLES[role]) events.push("roleChanged");
  if (one.state !== next) events.push("stateChanged");
  if (one.isMuted !== isMuted) events.push("isMutedChanged");
  const values = { displayName, role: ROLES[role] ?? "Unknown", state: next, isMuted };
  if (known) return one.become(values, ...events);
  Object.assign(one, values);
  call.arrive(one);
}

export function speaker(person: { id: string; displayName: string }) {
  return { identifier: getIdentifierKind(createIdentifierFromRawId(person.id)), displayName: person.displayName, endpointDetails: [] };
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

const ROLES: Record<string, Sdk.ParticipantRole> = { attendee: "Attendee", presenter: "Presenter", coOrganizer: "Co-organizer", organizer: "Organizer" };
