// The vendor's SDK, as `sidetone setup calls` bundled it on this machine. Only its declared names are used; this page holds its types alone.
import type * as Calling from "@azure/communication-calling";
import type * as Common from "@azure/communication-common";
import { Refusal } from "./failure.js";

// What the bundle exports; `../setup/bundle.js` is its entry.
export interface Sdk {
  CallClient: typeof Calling.CallClient;
  Features: typeof Calling.Features;
  LocalAudioStream: typeof Calling.LocalAudioStream;
  AzureCommunicationTokenCredential: typeof Common.AzureCommunicationTokenCredential;
  createIdentifierFromRawId: typeof Common.createIdentifierFromRawId;
  getIdentifierRawId: typeof Common.getIdentifierRawId;
}

export type AnyCall = Calling.Call | Calling.TeamsCall;
export type AnyAgent = Calling.CallAgent | Calling.TeamsCallAgent;
export type AnyIncoming = Calling.IncomingCall | Calling.TeamsIncomingCall;

export async function load(path: string): Promise<Sdk> {
  try {
    return (await import(path)) as Sdk;
  } catch (error) {
    throw new Refusal("NoSdk", error instanceof Error ? error.message : String(error));
  }
}
