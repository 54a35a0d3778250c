// The features of a call. Each holds what is so, and says so when a test or the service changes it.
import type * as Sdk from "@azure/communication-calling";
import type { StandInCall } from "./call.js";
import { BreakoutRooms } from "./rooms.js";
import { CallFeature } from "./feature.js";
import { CallSurvey, Capabilities, DominantSpeakers, MediaAccess, RaiseHand, Reaction, Spotlight, TeamsMeetingAudioConferencing } from "./meeting.js";
import { MediaStats, UserFacingDiagnostics } from "./quality.js";
import { Recording, Transcription } from "./notices.js";
import { Transfer } from "./transfer.js";
import { Captions, RealTimeText } from "./words.js";

const CLASSES = {
  Recording,
  Transcription,
  Captions,
  RaiseHand,
  Reaction,
  Capabilities,
  DominantSpeakers,
  UserFacingDiagnostics,
  MediaStats,
  Spotlight,
  BreakoutRooms,
  RealTimeText,
  Transfer,
  TeamsMeetingAudioConferencing,
  MediaAccess,
  CallSurvey,
};

type Classes = typeof CLASSES;

// One of each for one call.
export class AllFeatures {
  declare Recording: Recording;
  declare Transcription: Transcription;
  declare Captions: Captions;
  declare RaiseHand: RaiseHand;
  declare Reaction: Reaction;
  declare Capabilities: Capabilities;
  declare DominantSpeakers: DominantSpeakers;
  declare UserFacingDiagnostics: UserFacingDiagnostics;
  declare MediaStats: MediaStats;
  declare Spotlight: Spotlight;
  declare BreakoutRooms: BreakoutRooms;
  declare RealTimeText: RealTimeText;
  declare Transfer: Transfer;
  declare TeamsMeetingAudioConferencing: TeamsMeetingAudioConferencing;
  declare MediaAccess: MediaAccess;
  declare CallSurvey: CallSurvey;

  constructor(call: StandInCall) {
    for (const [name, Class] of Object.entries(CLASSES)) Object.assign(this, { [name]: new (Class as new (call: StandInCall) => CallFeature)(call) });
  }
}

// A factory whose product is the one that the call has already.
function factory<Name extends keyof Classes>(name: Name) {
  const made = function (context: Sdk.CallFeatureContext) {
    return (context.call as unknown as StandInCall).features[name];
  };
  return { callApiCtor: made as unknown as new (context: Sdk.CallFeatureContext) => InstanceType<Classes[Name]> };
}

export const callFeatures = {
  Recording: factory("Recording"),
  Transcription: factory("Transcription"),
  Captions: factory("Captions"),
  RaiseHand: factory("RaiseHand"),
  Reaction: factory("Reaction"),
  Capabilities: factory("Capabilities"),
  DominantSpeakers: factory("DominantSpeakers"),
  UserFacingDiagnostics: factory("UserFacingDiagnostics"),
  MediaStats: factory("MediaStats"),
  Spotlight: factory("Spotlight"),
  BreakoutRooms: factory("BreakoutRooms"),
  RealTimeText: factory("RealTimeText"),
  Transfer: factory("Transfer"),
  TeamsMeetingAudioConferencing: factory("TeamsMeetingAudioConferencing"),
  MediaAccess: factory("MediaAccess"),
  CallSurvey: factory("CallSurvey"),
};
