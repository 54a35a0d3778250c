// Class by class: what the stand-in has can be used where the vendor's declarations ask for theirs. Only compiled, never run.
import type * as Vendor from "@azure/communication-calling";
import type { StandInAgent, StandInIncomingCall } from "./agent.js";
import type { StandInCall } from "./call.js";
import { CallClient } from "./client.js";
import type { StandInDeviceManager } from "./devices.js";
import type { StandInError } from "./errors.js";
import type { StandInLobby, StandInParticipant, StandInScreen } from "./people.js";
import { Features } from "./sdk.js";
import { LocalAudioStream, type StandInRemoteAudioStream, type StandInVolume } from "./streams.js";
import type { StandInCaptions } from "./words.js";

// Classes have private members that nobody else can have.
type Public<Class> = Pick<Class, keyof Class>;

export const classes: {
  CallClient: new (options?: Vendor.CallClientOptions) => Public<Vendor.CallClient>;
  LocalAudioStream: new (source: Vendor.AudioDeviceInfo | MediaStream, options?: Vendor.LocalAudioStreamOptions) => Public<Vendor.LocalAudioStream>;
} = { CallClient, LocalAudioStream };

type Used = Exclude<keyof typeof Vendor.Features, "PPTLive" | "VideoEffects" | "AudioEffects" | "DataChannel" | "OptimalVideoCount" | "TogetherMode">;
export const features: Pick<typeof Vendor.Features, Used> = Features;

// Streams of sound are compared by what is public, as above.
type Sounding<T> = { [Name in keyof T]: T[Name] extends readonly Vendor.LocalAudioStream[] ? readonly Public<Vendor.LocalAudioStream>[] : T[Name] };

export function interfaces(
  call: StandInCall,
  agent: StandInAgent,
  incoming: StandInIncomingCall,
  participant: StandInParticipant,
  lobby: StandInLobby,
  devices: StandInDeviceManager,
  error: StandInError,
  screen: StandInScreen,
  heard: StandInRemoteAudioStream,
  volume: StandInVolume,
  captions: StandInCaptions,
): [
  Sounding<Vendor.Call>,
  Sounding<Vendor.TeamsCall>,
  Vendor.CallAgent,
  Vendor.TeamsCallAgent,
  Vendor.IncomingCall,
  Vendor.TeamsIncomingCall,
  Vendor.RemoteParticipant,
  Vendor.Lobby,
  Vendor.DeviceManager,
  Vendor.CommunicationServicesError,
  Vendor.RemoteVideoStream,
  Vendor.RemoteAudioStream,
  Vendor.Volume,
  Vendor.TeamsCaptions,
  Vendor.Captions,
] {
  return [call, call, agent, agent, incoming, incoming, participant, lobby, devices, error, screen, heard, volume, captions, captions];
}
