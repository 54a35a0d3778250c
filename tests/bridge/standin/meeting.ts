// What people do in a meeting, what they may do, and what they thought of it.
import type * as Sdk from "@azure/communication-calling";
import { type CommunicationIdentifier, type CommunicationUserIdentifier, createIdentifierFromRawId, getIdentifierRawId } from "@azure/communication-common";
import { CallFeature } from "./feature.js";
import { StandInError } from "./errors.js";
import { stage } from "./stage.js";

export class RaiseHand extends CallFeature implements Sdk.RaiseHandCallFeature {
  #raised: { id: string; order: number }[] = [];

  raiseHand(): Promise<void> {
    return this.call.line ? this.call.ask("raiseHand", { type: "hand", raised: true }) : this.#ours(true);
  }

  lowerHand(): Promise<void> {
    return this.call.line ? this.call.ask("lowerHand", { type: "hand", raised: false }) : this.#ours(false);
  }

  async lowerHands(identifiers: CommunicationIdentifier[]): Promise<void> {
    stage.check("lowerHands");
    const ids = identifiers.map((one) => getIdentifierRawId(one));
    this.raised(this.#raised.filter(({ id }) => !ids.includes(id)));
  }

  async lowerAllHands(): Promise<void> {
    stage.check("lowerAllHands");
    this.raised([]);
  }

  getRaisedHands(): Sdk.RaisedHand[] {
    return this.#raised.map(({ id, order }) => ({ identifier: createIdentifierFromRawId(id) as CommunicationUserIdentifier, order }));
  }

  raised(raised: { id: string; order: number }[]): void {
    const before = this.#raised;
    this.#raised = raised;
    const missing = (from: { id: string }[], of: { id: string }[]) => from.filter(({ id }) => !of.some((other) => other.id === id));
    for (const { id } of missing(raised, before)) this.emit("raisedHandEvent", { identifier: createIdentifierFromRawId(id) });
    for (const { id } of missing(before, raised)) this.emit("loweredHandEvent", { identifier: createIdentifierFromRawId(id) });
  }

  async #ours(isRaised: boolean): Promise<void> {
    this.raised(isRaised ? [{ id: "8:acs:me_me", order: 1 }] : []);
  }
}

export class Reaction extends CallFeature implements Sdk.ReactionCallFeature {
  sendReaction({ reactionType }: Sdk.ReactionMessage): Promise<void> {
    return this.call.ask("sendReaction", { type: "react", reaction: reactionType });
  }
}

export class DominantSpeakers extends CallFeature implements Sdk.DominantSpeakersCallFeature {
  dominantSpeakers: Sdk.DominantSpeakersInfo = { speakersList: [], timestamp: new Date() };
}

export class Capabilities extends CallFeature implements Sdk.CapabilitiesFeature {
  capabilities = Object.fromEntries(NAMES.map((name) => [name, { isPresent: false, reason: "NotInitialized" }])) as Sdk.ParticipantCapabilities;

  // Those that are known; the others are as they were.
  overlay(known: { name: string; isPresent: boolean; reason: string }[], reason: string = "RoleChanged"): void {
    const newValue: Record<string, unknown> = {};
    const oldValue: Record<string, unknown> = {};
    const all = this.capabilities as Record<string, { isPresent: boolean; reason: string }>;
    for (const { name, ...now } of known) {
      if (all[name]?.isPresent === now.isPresent && all[name]?.reason === now.reason) continue;
      oldValue[name] = all[name];
      newValue[name] = all[name] = now;
    }
    if (Object.keys(newValue).length > 0) this.emit("capabilitiesChanged", { oldValue, newValue, reason });
  }
}

export class Spotlight extends CallFeature implements Sdk.SpotlightCallFeature {
  readonly maxParticipantsToSpotlight = 7;
  #ids: string[] = [];

  async startSpotlight(participants?: CommunicationIdentifier[]): Promise<void> {
    stage.check("startSpotlight");
    this.#become([...this.#ids, ...this.#named(participants)]);
  }

  async stopSpotlight(participants?: CommunicationIdentifier[]): Promise<void> {
    stage.check("stopSpotlight");
    const gone = this.#named(participants);
    this.#become(this.#ids.filter((id) => !gone.includes(id)));
  }

  async stopAllSpotlight(): Promise<void> {
    this.#become([]);
  }

  getSpotlightedParticipants(): Sdk.SpotlightedParticipant[] {
    return this.#ids.map((id, at) => ({ identifier: createIdentifierFromRawId(id), order: at + 1 }));
  }

  #named(participants?: CommunicationIdentifier[]): string[] {
    return participants?.map((one) => getIdentifierRawId(one)) ?? [this.call.me || "8:acs:me_me"];
  }

  #become(ids: string[]): void {
    this.#ids = ids;
    this.emit("spotlightChanged", { added: this.getSpotlightedParticipants(), removed: [] });
  }
}

export class MediaAccess extends CallFeature implements Sdk.MediaAccessCallFeature {
  #forbidden = new Set<string>();
  #meeting = { isAudioPermitted: true, isVideoPermitted: true };

  async permitAudio(participants: CommunicationIdentifier[]): Promise<void> {
    stage.check("permitAudio");
    this.#each(participants, (id) => this.#forbidden.delete(id));
  }

  async forbidAudio(participants: CommunicationIdentifier[]): Promise<void> {
    stage.check("forbidAudio");
    this.#each(participants, (id) => this.#forbidden.add(id));
  }

  async permitOthersAudio(): Promise<void> {
    this.#all(true);
  }

  async forbidOthersAudio(): Promise<void> {
    this.#all(false);
  }

  async permitVideo(): Promise<void> {}
  async forbidVideo(): Promise<void> {}
  async permitOthersVideo(): Promise<void> {}
  async forbidOthersVideo(): Promise<void> {}

  getAllOthersMediaAccess(): Sdk.MediaAccess[] {
    return this.call.remoteParticipants.map(({ identifier }) => ({
      participant: identifier,
      isAudioPermitted: !this.#forbidden.has(getIdentifierRawId(identifier)),
      isVideoPermitted: true,
    }));
  }

  getMeetingMediaAccess(): Sdk.MeetingMediaAccess {
    return this.#meeting;
  }

  #each(participants: CommunicationIdentifier[], act: (id: string) => void): void {
    for (const one of participants) act(getIdentifierRawId(one));
    this.emit("mediaAccessChanged", { mediaAccesses: this.getAllOthersMediaAccess() });
  }

  #all(isAudioPermitted: boolean): void {
    this.#meeting = { ...this.#meeting, isAudioPermitted };
    this.emit("meetingMediaAccessChanged", { meetingMediaAccess: this.#meeting });
  }
}

export class TeamsMeetingAudioConferencing extends CallFeature implements Sdk.TeamsMeetingAudioConferencingCallFeature {
  async getTeamsMeetingAudioConferencingDetails(): Promise<Sdk.TeamsMeetingAudioConferencingDetails> {
    stage.check("getTeamsMeetingAudioConferencingDetails");
    return {
      phoneConferenceId: "123456789",
      phoneNumbers: [{ tollPhoneNumber: { phoneNumber: "+14255550100" }, countryName: "United States", cityName: "Seattle" }, { tollFreePhoneNumber: { phoneNumber: "+18005550100" } }],
    };
  }
}

export class CallSurvey extends CallFeature implements Sdk.CallSurveyFeature {
  async submitSurvey(survey: Sdk.CallSurvey): Promise<Sdk.CallSurveyResponse> {
    stage.check("submitSurvey");
    if (Object.values(survey).some((rating) => rating && (rating.score < 1 || rating.score > 5))) throw new StandInError(400, 0, "a score is from 1 to 5");
    stage.surveys.push(survey);
    return { ...survey, id: crypto.randomUUID(), callId: this.call.id, localParticipantId: this.call.info.participantId };
  }
}

const NAMES: Sdk.ParticipantCapabilityName[] = [
  "turnVideoOn", "unmuteMic", "shareScreen", "removeParticipant", "hangUpForEveryOne", "addCommunicationUser", "addTeamsUser", "addPhoneNumber",
  "manageLobby", "spotlightParticipant", "removeParticipantsSpotlight", "blurBackground", "startLiveMeetingCaptions", "startLiveCallingCaptions",
  "setCaptionLanguage", "raiseHand", "pstnDialOut", "muteOthers", "useReactions", "viewAttendeeNames", "startTogetherMode", "joinBreakoutRooms",
  "forbidOthersAudio", "forbidOthersVideo", "realTimeText",
];
