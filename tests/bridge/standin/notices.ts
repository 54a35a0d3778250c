// Recording, transcription, consent.
import type * as Sdk from "@azure/communication-calling";
import { Emitter } from "./emitter.js";
import { CallFeature } from "./feature.js";

class Part extends Emitter implements Sdk.RecordingInfo {
  constructor(public state: Sdk.RecordingState) {
    super();
  }
}

export class Recording extends CallFeature implements Sdk.RecordingCallFeature {
  isRecordingActive = false;
  recordings: Part[] = [];
  isTeamsConsentRequired = false;

  async grantTeamsConsent(): Promise<void> {
    await this.call.ask("grantTeamsConsent", { type: "consent", granted: true });
    this.isTeamsConsentRequired = this.call.features.Transcription.isTeamsConsentRequired = false;
  }

  // Before Connected nothing is announced: the first value is to be read.
  notice(isRecordingActive: boolean, isTeamsConsentRequired: boolean): void {
    const isNews = this.isRecordingActive !== isRecordingActive;
    this.isTeamsConsentRequired = isTeamsConsentRequired;
    this.isRecordingActive = isRecordingActive;
    const parts = isRecordingActive ? [new Part(STARTED)] : [];
    const removed = this.recordings;
    if (isNews) this.recordings = parts;
    if (!isNews || this.call.state === "Connecting") return;
    this.emit("recordingsUpdated", { added: parts, removed });
    this.emit("isRecordingActiveChanged");
  }

  // One recording pauses, goes on, or whatever a later version may do.
  part(at: number, state: number): void {
    this.recordings[at]!.become({ state }, "recordingStateChanged");
  }
}

export class Transcription extends CallFeature implements Sdk.TranscriptionCallFeature {
  isTranscriptionActive = false;
  isTeamsConsentRequired = false;

  async grantTeamsConsent(): Promise<void> {
    await this.call.features.Recording.grantTeamsConsent();
  }

  notice(isTranscriptionActive: boolean, isTeamsConsentRequired: boolean): void {
    const isNews = this.isTranscriptionActive !== isTranscriptionActive;
    this.isTeamsConsentRequired = isTeamsConsentRequired;
    this.isTranscriptionActive = isTranscriptionActive;
    if (isNews && this.call.state !== "Connecting") this.emit("isTranscriptionActiveChanged");
  }
}

const STARTED = 1;
