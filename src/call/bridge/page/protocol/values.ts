// The vocabulary of the control protocol. Words of the vendor are `string`; the known ones stand beside them.

// A person in a call by raw id.
export interface Person {
  id: string | null;
  displayName: string | null;
}

// What went wrong, copied by name from the SDK's error. Of our own: `name` is a `Trouble` and the codes are null.
export interface Failure {
  name: string;
  message: string;
  // Like an HTTP status.
  code: number | null;
  subCode: number | null;
  // Success | ExpectedError | UnexpectedClientError | UnexpectedServerError; often empty.
  categories: string[];
}

export type Trouble =
  // No such command, or its members are not what they must be.
  | "WrongCommand"
  | "NoSuchAgent"
  | "NoSuchCall"
  | "NoSuchIncomingCall"
  | "NoSuchParticipant"
  | "NoSuchDevice"
  // The call has no such feature: not in this kind of call, or not for this kind of agent.
  | "NotInThisCall"
  // The bundle is not installed, or did not load.
  | "NoSdk"
  // The program refused a token.
  | "NoToken"
  // Anything the browser throws.
  | "Unexpected";

// Why a call ended, from `callEndReason`.
export interface EndReason {
  code: number;
  subCode: number | null;
  message: string | null;
  categories: string[];
}

// `external` uses an Azure Communication Services token, `teams` one that was exchanged for a Teams user.
export type Identity = "external" | "teams";

// One way to name a meeting.
export type Meeting =
  | { link: string }
  | { meetingId: string; passcode: string | null }
  // Not for Teams users.
  | { groupId: string }
  | { roomId: string };

// `raw`: sound travels over /pcm. `system`: the browser uses the sound devices.
export type AudioMode = "raw" | "system";

// How a call begins. The page never sends video.
export interface Beginning {
  audio: AudioMode;
  muted: boolean;
}

// Who is to be called back, headers of a phone system; all optional for the SDK.
export interface CustomContext {
  userToUser: string | null;
  sipHeaders: Header[];
  voipHeaders: Header[];
}

export interface Header {
  key: string;
  value: string;
}

export type TransferTarget =
  | { id: string }
  // Another call of this page.
  | { call: number }
  // The voicemail of a Teams user; only for Teams users.
  | { voicemail: string };

export interface Participant extends Person {
  id: string;
  // Idle | Connecting | Ringing | Connected | Hold | InLobby | EarlyMedia | Disconnected
  state: string;
  // Unknown | Attendee | Presenter | Organizer | Co-organizer | Consumer | Collaborator
  role: string;
  isMuted: boolean;
  isSpeaking: boolean;
  isSharingScreen: boolean;
  // How many devices this person is in the call with.
  endpoints: number;
}

export interface CapabilityState {
  // turnVideoOn | unmuteMic | shareScreen | removeParticipant | hangUpForEveryOne | addCommunicationUser | addTeamsUser | addPhoneNumber |
  // manageLobby | spotlightParticipant | removeParticipantsSpotlight | blurBackground | startLiveMeetingCaptions | startLiveCallingCaptions |
  // setCaptionLanguage | raiseHand | pstnDialOut | muteOthers | useReactions | viewAttendeeNames | startTogetherMode | joinBreakoutRooms |
  // forbidOthersAudio | forbidOthersVideo | realTimeText
  name: string;
  isPresent: boolean;
  // Capable | CapabilityNotApplicableForTheCallType | ClientRestricted | UserPolicyRestricted | RoleRestricted | FeatureNotSupported |
  // MeetingRestricted | NotInitialized | NotCapable | TeamsPremiumLicenseRestricted | IpModeUserPolicyRestricted | ExplicitConsentRequired
  reason: string;
}

// Known by its thread: a room has no other name that lasts.
export interface BreakoutRoom {
  threadId: string;
  displayName: string | null;
  // open | closed
  state: string;
  movesByItself: boolean | null;
  invitees: string[];
  // The page's number for the call in that room, once there is one.
  call: number | null;
}

export interface BreakoutSettings {
  disableReturn: boolean | null;
  // When the rooms close: at a time, or after so many milliseconds.
  endsAt: number | null;
  endsIn: number | null;
}

export interface Device {
  id: string;
  name: string;
  isDefault: boolean;
  // Microphone | Speaker | CompositeAudioDevice | Virtual
  kind: string;
}

export interface Devices {
  microphones: Device[];
  speakers: Device[];
  microphone: string | null;
  speaker: string | null;
  // Whether the browser lets a speaker be chosen.
  canChooseSpeaker: boolean;
}

export interface EnvironmentInfo {
  platform: string;
  browser: string;
  browserVersion: string;
  isSupportedPlatform: boolean;
  isSupportedBrowser: boolean;
  isSupportedBrowserVersion: boolean;
  isSupportedEnvironment: boolean;
}

// Of one stream of sound. Milliseconds; bits per second; levels from 0 to 65536; `healed` is the share that was concealed, from 0 to 1.
export interface StreamStatistics {
  codec: string | null;
  bitrate: number | null;
  jitter: number | null;
  roundTrip: number | null;
  packetsPerSecond: number | null;
  packetsLostPerSecond: number | null;
  level: number | null;
  jitterBuffer: number | null;
  healed: number | null;
}

export interface TransportStatistics {
  roundTrip: number | null;
  incoming: number | null;
  outgoing: number | null;
}

// A number to dial into the meeting with, as E.164.
export interface DialIn {
  toll: string | null;
  tollFree: string | null;
  country: string | null;
  city: string | null;
}

// One part of a survey. The scale is the SDK's own, 1 to 5.
export interface Rating {
  score: number;
  // For the sound: NoLocalAudio | NoRemoteAudio | Echo | AudioNoise | LowVolume | AudioStoppedUnexpectedly | DistortedSpeech | AudioInterruption | OtherIssues.
  // For the whole: CallCannotJoin | CallCannotInvite | HadToRejoin | CallEndedUnexpectedly | OtherIssues.
  issues: string[];
}
