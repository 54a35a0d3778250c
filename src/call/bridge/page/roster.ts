// Who else is in the call, who waits to be let in, and who shares a screen.
import type { RemoteParticipant, RemoteVideoStream } from "@azure/communication-calling";
import type { LiveCall, Watch } from "./call.js";
import { Refusal, endReason } from "./failure.js";
import type { Participant } from "./protocol/values.js";

export const watchRoster: Watch = (call) => {
  const known = new WeakSet<RemoteParticipant>();
  const all = () => call.sdk.remoteParticipants.map((one) => participant(call, one));
  const follow = (one: RemoteParticipant) => {
    if (known.has(one)) return;
    known.add(one);
    const say = () => isIn(call, one) && call.state({ type: "participant", call: call.number, participant: participant(call, one) }, call.people.id(one.identifier));
    one.on("stateChanged", say);
    one.on("isMutedChanged", say);
    one.on("isSpeakingChanged", say);
    one.on("roleChanged", say);
    one.on("displayNameChanged", say);
    const look = (streams: readonly RemoteVideoStream[]) => streams.forEach((stream) => stream.on("isAvailableChanged", say));
    one.on("videoStreamsUpdated", ({ added }) => {
      look(added);
      say();
    });
    look(one.videoStreams);
  };
  call.sdk.remoteParticipants.forEach(follow);
  call.sdk.on("remoteParticipantsUpdated", ({ added, removed }) => {
    for (const one of removed) {
      const reason = one.callEndReason ? endReason(one.callEndReason) : null;
      call.moment({ type: "participantLeft", call: call.number, who: call.people.id(one.identifier), reason });
    }
    for (const one of added) {
      follow(one);
      call.moment({ type: "participant", call: call.number, participant: participant(call, one) });
    }
  });
  return () => call.moment({ type: "roster", call: call.number, participants: all() });
};

// Meetings have a lobby, and may get it late.
export const watchLobby: Watch = (call) => {
  let followed: unknown;
  const say = () => {
    const lobby = call.sdk.lobby as typeof call.sdk.lobby | undefined;
    if (lobby && lobby !== followed) {
      followed = lobby;
      lobby.on("lobbyParticipantsUpdated", say);
    }
    call.state({ type: "lobby", call: call.number, waiting: lobby ? lobby.participants.map((one) => call.people.person(one)) : null });
  };
  call.onState(say);
  call.sdk.on("roleChanged", say);
  return say;
};

// Somebody in the call, for those commands that need the SDK's object.
export function present(call: LiveCall, who: string): RemoteParticipant {
  const found = call.sdk.remoteParticipants.find((one) => call.people.id(one.identifier) === who);
  if (!found) throw new Refusal("NoSuchParticipant", "that person is not in the call");
  return found;
}

export function lobbyOf(call: LiveCall) {
  const lobby = call.sdk.lobby as typeof call.sdk.lobby | undefined;
  if (!lobby) throw new Refusal("NotInThisCall", "this call has no lobby");
  return lobby;
}

function isIn(call: LiveCall, one: RemoteParticipant): boolean {
  return call.sdk.remoteParticipants.includes(one);
}

function participant(call: LiveCall, one: RemoteParticipant): Participant {
  return {
    id: call.people.id(one.identifier),
    displayName: one.displayName ?? null,
    state: one.state,
    role: one.role,
    isMuted: one.isMuted,
    isSpeaking: one.isSpeaking,
    isSharingScreen: one.videoStreams.some((stream) => stream.mediaStreamType === "ScreenSharing" && stream.isAvailable),
    endpoints: one.endpointDetails.length,
  };
}
