// Whether the call is recorded or transcribed, and whether a person must agree first. A legal duty: states, never edges.
//
// Watched before the call can become Connected, and said again, even unchanged, whenever the SDK may have changed its
// mind without news: at every Connected (also after a hold and a breakout room) and at every change of role.
import type { RecordingInfo } from "@azure/communication-calling";
import type { Watch } from "./call.js";

export const watchRecording: Watch = (call) => {
  const feature = call.feature("Recording");
  const followed = new WeakSet<RecordingInfo>();
  const say = () => {
    for (const recording of feature.recordings) {
      if (followed.has(recording)) continue;
      followed.add(recording);
      recording.on("recordingStateChanged", say);
    }
    call.moment({
      type: "notice",
      call: call.number,
      notice: "recording",
      isActive: feature.isRecordingActive,
      isConsentRequired: feature.isTeamsConsentRequired,
      parts: feature.recordings.map(({ state }) => PARTS[state] ?? String(state)),
    });
  };
  feature.on("isRecordingActiveChanged", say);
  feature.on("recordingsUpdated", say);
  repeated(call, say);
  return say;
};

export const watchTranscription: Watch = (call) => {
  const feature = call.feature("Transcription");
  const say = () =>
    call.moment({
      type: "notice",
      call: call.number,
      notice: "transcription",
      isActive: feature.isTranscriptionActive,
      isConsentRequired: feature.isTeamsConsentRequired,
      parts: [],
    });
  feature.on("isTranscriptionActiveChanged", say);
  repeated(call, say);
  return say;
};

// Consent has no event of its own; it shows in what we may do.
function repeated(call: Parameters<Watch>[0], say: () => void): void {
  call.onState((state) => state === "Connected" && say());
  call.sdk.on("roleChanged", say);
  call.attempt("watching what we may do", () => call.feature("Capabilities").on("capabilitiesChanged", say));
}

const PARTS = ["None", "Started", "Paused", "Ended"];
