// What the program says to the page. A command's `id` is answered by one `done` or `failed`; its result stands behind the arrow.
import type { AudioMode, Beginning, CustomContext, Identity, Meeting, Rating, TransferTarget } from "./values.js";

export type ToPage = Word | Command;

// Not answered by `done`.
export type Word =
  // `silence`: milliseconds without a word of the program after which the page closes itself.
  | { type: "welcome"; version: number; app: { name: string; version: string }; silence: number }
  | { type: "beat"; count: number }
  // The answer to `tokenWanted` of that number. `expiresOn` null: the token itself tells.
  | { type: "token"; wanted: number; token: string; expiresOn: number | null }
  | { type: "tokenRefused"; wanted: number; because: string };

export type Command = { id: number } & (OfThePage | OfAgents | OfTheCall | OfPeople | OfHands | OfWords | OfRooms | OfTheConnection);
export type CommandName = Command["type"];
export type CommandNamed<Name extends CommandName> = Extract<Command, { type: Name }>;

type OfThePage =
  // -> EnvironmentInfo. Takes 7 s without a network.
  | { type: "environment" }
  // Asks the browser for the microphone -> { isGranted: boolean; devices: Devices }
  | { type: "devices" }
  | { type: "selectMicrophone"; device: string }
  | { type: "selectSpeaker"; device: string }
  // Every state again, of every call.
  | { type: "refresh" }
  // Hangs up, disposes of everything, and closes both sockets after `done`.
  | { type: "close" };

type OfAgents =
  // `tokenWanted` comes first. -> { agent: number; connection: string }. The agent is made without a network too, after 14 s:
  // it is ready when the connection is Connected. `emergencyCountry` (ISO 3166-1 alpha-2) and `displayName`: external users only.
  | { type: "createAgent"; identity: Identity; displayName: string | null; emergencyCountry: string | null }
  // Ends its calls too.
  | { type: "disposeAgent"; agent: number }
  // -> { call: number }
  | ({ type: "join"; agent: number; meeting: Meeting } & Beginning)
  // -> { call: number }. `threadId` and `onBehalfOf` (a raw id): Teams users only. `alternateCallerId` (E.164): external users only.
  | ({
      type: "startCall";
      agent: number;
      to: string[];
      threadId: string | null;
      alternateCallerId: string | null;
      onBehalfOf: string | null;
      customContext: CustomContext | null;
    } & Beginning)
  // -> { call: number }
  | ({ type: "accept"; incoming: number } & Beginning)
  | { type: "reject"; incoming: number };

type OfTheCall =
  | { type: "hangUp"; call: number; forEveryone: boolean }
  | { type: "mute"; call: number }
  | { type: "unmute"; call: number }
  // The person hears nothing by choice: no frames come over /pcm, and in system mode the browser is silent.
  | { type: "deafen"; call: number }
  | { type: "undeafen"; call: number }
  | { type: "hold"; call: number }
  | { type: "resume"; call: number }
  // Num0 … Num9 | Star | Pound | A | B | C | D | Flash
  | { type: "sendDtmf"; call: number; tone: string }
  // -> { transfer: number }, then `transfer`
  | { type: "transfer"; call: number; to: TransferTarget }
  // -> { serverCallId: string }
  | { type: "serverCallId"; call: number }
  // A person said yes to being recorded and transcribed. Nothing else may lead to this command.
  | { type: "grantConsent"; call: number }
  // From the lower mode to the higher or back, in the middle of a call. -> { audio: AudioMode }, the one that is used now.
  | { type: "useAudio"; call: number; audio: AudioMode };

type OfPeople =
  // `alternateCallerId` (E.164): an external user who adds a phone number. `threadId`: Teams users.
  | { type: "addParticipant"; call: number; who: string; alternateCallerId: string | null; threadId: string | null }
  | { type: "removeParticipant"; call: number; who: string }
  | { type: "muteParticipant"; call: number; who: string }
  | { type: "muteOthers"; call: number }
  | { type: "admit"; call: number; who: string }
  | { type: "rejectFromLobby"; call: number; who: string }
  // -> { admitted: number; failed: number }
  | { type: "admitAll"; call: number }
  // May these people (everyone else) unmute themselves?
  | { type: "permitAudio"; call: number; who: string[] }
  | { type: "forbidAudio"; call: number; who: string[] }
  | { type: "permitOthersAudio"; call: number }
  | { type: "forbidOthersAudio"; call: number }
  // Nobody named: oneself.
  | { type: "startSpotlight"; call: number; who: string[] }
  | { type: "stopSpotlight"; call: number; who: string[] }
  | { type: "stopAllSpotlight"; call: number };

type OfHands =
  | { type: "raiseHand"; call: number }
  | { type: "lowerHand"; call: number }
  | { type: "lowerHands"; call: number; who: string[] }
  | { type: "lowerAllHands"; call: number }
  // like | heart | laugh | surprised | applause
  | { type: "react"; call: number; reaction: string };

// `done` only means that it was accepted; `captions` tells when it is so.
type OfWords =
  // A language as BCP 47, `en-us`; null leaves it to the call.
  | { type: "startCaptions"; call: number; spokenLanguage: string | null }
  | { type: "stopCaptions"; call: number }
  // For everyone in the call.
  | { type: "setSpokenLanguage"; call: number; language: string }
  // ISO 639-1; the translation that we see.
  | { type: "setCaptionLanguage"; call: number; language: string }
  // The whole line so far. `isFinal` closes it.
  | { type: "sendRealTimeText"; call: number; text: string; isFinal: boolean };

type OfRooms =
  // -> { call: number }; the meeting's call goes on hold.
  | { type: "joinBreakoutRoom"; call: number; threadId: string }
  // -> { call: number }; `call` is that of the meeting.
  | { type: "returnToMeeting"; call: number; threadId: string };

type OfTheConnection =
  // `statistics` once a second while on.
  | { type: "reportStatistics"; call: number; on: boolean }
  // Whether the others are told of the quality of our connection.
  | { type: "sendDiagnostics"; call: number; on: boolean }
  // -> { conferenceId: string; numbers: DialIn[] }
  | { type: "dialIn"; call: number }
  // Of the call that ended last, and of no other. -> { survey: string }
  | { type: "submitSurvey"; call: number; overall: Rating | null; audio: Rating | null };
