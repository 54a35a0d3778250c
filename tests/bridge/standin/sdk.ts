// The stand-in for `sdk.js`: the same names, so that the page cannot tell it from the vendor's package.
//
// Written from the public declarations alone, and checked against them in `assignable.ts`. Nothing of the vendor's service is imitated: a meeting
// is one of the embedded service, and what that cannot do is done by the test through `globalThis.standin`.
import { clientFeatures } from "./client.js";
import { stage } from "./stage.js";
import { callFeatures } from "./features.js";
import { connect, watch } from "./passed.js";

export { AzureCommunicationTokenCredential, createIdentifierFromRawId, getIdentifierRawId } from "@azure/communication-common";
export { CallClient } from "./client.js";
export { LocalAudioStream } from "./streams.js";
export const Features = { ...callFeatures, ...clientFeatures };
stage.features = Features;
watch();
void connect().catch(() => {});
