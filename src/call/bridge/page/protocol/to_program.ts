// What the page says to the program.
import type { AudioMode, BreakoutRoom, BreakoutSettings, CapabilityState, CustomContext, Devices, EndReason, Failure, Identity, Participant, Person, StreamStatistics, TransportStatistics } from "./values.js";

export type ToProgram = Word | OfAgents | OfTheCall | OfPeople | OfWords | OfRooms | OfTheConnection | OfSound;

type Word =
  | { type: "hello"; version: number; userAgent: string }
  // Commands may come. Without the SDK every command that needs it fails with `NoSdk`, and `problem` says what is wrong with it.
  | { type: "ready"; hasSdk: boolean; problem: string | null }
  | { type: "beat"; count: number }
  | { type: "done"; id: number; result: unknown }
  | { type: "failed"; id: number; error: Failure }
  // A token for an agent of this identity, now or before the old one ends. Answered by `token` or `tokenRefused`.
  // `agent` is null while the agent is made.
  | { type: "tokenWanted"; wanted: number; identity: Identity; agent: number | null }
  // A moment: something went wrong that no command asked for. The text is for a log, and foreign.
  | { type: "trouble"; doing: string; error: Failure }
  // The page is about to close: `command`, `silence` of the program, `socket` closed, `version`.
  | { type: "bye"; because: string };

type OfAgents =
  // Connected | Disconnected; why: invalidToken | connectionIssue. Of incoming calls and of signalling: a running call has a state of its own.
  | { type: "agentState"; agent: number; connection: string; because: string | null }
  // Somebody calls. A state until `incomingEnded` or `accept`.
  | { type: "incoming"; incoming: number; agent: number; kind: string; caller: Person; transferor: Person | null; customContext: CustomContext | null }
  | { type: "incomingEnded"; incoming: number; reason: EndReason }
  // A moment: the SDK was told of a call and could not show it; with the code that says why.
  | { type: "incomingMissed"; agent: number; reason: EndReason }
  // The SDK is in use by another page of this browser: devices are undefined.
  | { type: "otherPage"; isActive: boolean };

type OfTheCall =
  // What a call is. `kind`: Call | TeamsCall. `direction`: Incoming | Outgoing. `cause`: how the page came by it: command | breakoutRoom | transfer | other.
  | {
      type: "call";
      call: number;
      agent: number;
      kind: string;
      direction: string;
      cause: string;
      // The call that it came out of, for breakoutRoom and transfer.
      from: number | null;
      caller: Person | null;
      transferor: Person | null;
      isEmergency: boolean;
      // The SDK's name for it, for support requests; it may change.
      sdkId: string;
    }
  // None | Connecting | Ringing | EarlyMedia | Connected | InLobby | LocalHold | RemoteHold | Disconnecting | Disconnected
  | { type: "callState"; call: number; state: string }
  // The last word about a call.
  | { type: "callEnded"; call: number; reason: EndReason }
  // `threadId`: the meeting's chat, once it is known. `groupId`: group calls of external users. `participantId` is this device, not the person.
  | { type: "callInfo"; call: number; threadId: string | null; groupId: string | null; participantId: string | null }
  // Unknown | Attendee | Presenter | Organizer | Co-organizer | Consumer | Collaborator
  | { type: "role"; call: number; role: string }
  | { type: "muted"; call: number; isMuted: boolean }
  // A moment: somebody else muted us.
  | { type: "mutedByOthers"; call: number }
  | { type: "deafened"; call: number; isDeafened: boolean }
  // `notice`: recording | transcription. Said at every `Connected`, role change and return from a breakout room as well as when it changes.
  // `parts`: the states of the recordings that go on: None | Started | Paused | Ended; empty for a transcription.
  | { type: "notice"; call: number; notice: "recording" | "transcription"; isActive: boolean; isConsentRequired: boolean; parts: string[] }
  // `because`, when it changed: RoleChanged | UserPolicyChanged | MeetingOptionOrOrganizerPolicyChanged | TeamsPremiumLicenseChanged
  | { type: "capabilities"; call: number; capabilities: CapabilityState[]; because: string | null }
  // None | Transferring | Transferred | Failed
  | { type: "transfer"; call: number; transfer: number; state: string; code: number | null; subCode: number | null };

type OfPeople =
  // Everyone else in the call; in a call of 100 or more only those with media.
  | { type: "roster"; call: number; participants: Participant[] }
  // One of them as they are now, new or changed.
  | { type: "participant"; call: number; participant: Participant }
  // `reason` only for somebody whom we added and who declined.
  | { type: "participantLeft"; call: number; who: string; reason: EndReason | null }
  // Null: the call has no lobby.
  | { type: "lobby"; call: number; waiting: Person[] | null }
  // The most dominant first.
  | { type: "dominantSpeakers"; call: number; ids: string[] }
  // Who raised a hand, first raised first; ourselves included.
  | { type: "hands"; call: number; raised: { id: string; order: number }[] }
  // A moment. like | heart | laugh | surprised | applause
  | { type: "reaction"; call: number; who: string; reaction: string }
  | { type: "spotlight"; call: number; most: number; spotlighted: { id: string; order: number | null }[] }
  // May attendees unmute themselves: in general, and each of the others.
  | { type: "mediaAccess"; call: number; isAudioPermitted: boolean; others: { id: string; isAudioPermitted: boolean }[] };

type OfWords =
  // `kind`: TeamsCaptions | Captions. Languages that can be spoken (BCP 47) and, of TeamsCaptions, be read (ISO 639-1).
  | {
      type: "captions";
      call: number;
      kind: string;
      isActive: boolean;
      spokenLanguage: string | null;
      captionLanguage: string | null;
      spokenLanguages: string[];
      captionLanguages: string[];
    }
  // A moment. `result`: Partial | Final. A Partial replaces the unfinished line of the same speaker. `text` is the translation, or what was spoken.
  | {
      type: "caption";
      call: number;
      speaker: Person;
      text: string;
      language: string | null;
      spokenText: string | null;
      spokenLanguage: string | null;
      result: string;
      at: number | null;
    }
  // The same sender and sequence: the same line, newer.
  | { type: "realTimeText"; call: number; sender: Person; sequence: number; text: string; result: string; isLocal: boolean; at: number | null };

type OfRooms =
  // `assigned` is ours; `rooms` all of them, for those who may manage them.
  { type: "breakoutRooms"; call: number; assigned: BreakoutRoom | null; rooms: BreakoutRoom[] | null; settings: BreakoutSettings | null };

type OfTheConnection =
  // Of our own connection (`of`: network | media). Quality: 1 good, 2 poor, 3 bad; flags: true or false.
  | { type: "diagnostic"; call: number; of: string; name: string; value: number | boolean }
  | { type: "remoteDiagnostic"; call: number; who: string; name: string; value: number | boolean }
  | { type: "statistics"; call: number; send: StreamStatistics[]; receive: StreamStatistics[]; transports: TransportStatistics[] };

type OfSound =
  | { type: "devices"; devices: Devices }
  // How the sound of the call travels. `system` although `raw` was asked for: a half of raw was refused, and `error` says how.
  | { type: "audio"; call: number; mode: AudioMode; wanted: AudioMode; hasCapture: boolean; hasPlayback: boolean; error: Failure | null }
  // Of /pcm, once a second while a call uses it. Totals since the launch; `filled`: samples that wait to be played to the call.
  | { type: "pcm"; call: number; framesIn: number; framesOut: number; underruns: number; dropped: number; filled: number }
  // In system mode, at most five a second, from 0 to 100.
  | { type: "levels"; call: number; capture: number; playback: number };
