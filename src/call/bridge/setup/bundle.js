// The entry of `sdk.js`: what the page needs of the vendor's SDK, bundled on the user's machine and nowhere else.
export { CallClient, Features, LocalAudioStream } from "@azure/communication-calling";
export { AzureCommunicationTokenCredential, createIdentifierFromRawId, getIdentifierRawId } from "@azure/communication-common";
