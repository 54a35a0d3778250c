// Captions and real-time text.
import type * as Sdk from "@azure/communication-calling";
import { Emitter } from "./emitter.js";
import { CallFeature } from "./feature.js";
import { speaker } from "./follow.js";
import { stage } from "./stage.js";
import type { StandInCall } from "./call.js";

interface Person {
  id: string;
  displayName: string;
}

// Of either kind; a promise means accepted, the event means done.
export class StandInCaptions extends Emitter implements Sdk.TeamsCaptions {
  isCaptionsFeatureActive = false;
  activeSpokenLanguage = "en-us";
  activeCaptionLanguage = "";
  readonly supportedSpokenLanguages = ["en-us", "de-de", "fr-fr"];
  supportedCaptionLanguages = ["en", "fr"];

  constructor(private readonly call: StandInCall, readonly kind: Sdk.CaptionsKind) {
    super();
  }

  async startCaptions(options?: Sdk.StartCaptionsOptions): Promise<void> {
    await this.call.ask("startCaptions", { type: "captions", on: true });
    setTimeout(() => this.become({ isCaptionsFeatureActive: true, activeSpokenLanguage: options?.spokenLanguage ?? "en-us" }, "CaptionsActiveChanged"));
  }

  async stopCaptions(): Promise<void> {
    await this.call.ask("stopCaptions", { type: "captions", on: false });
    setTimeout(() => this.become({ isCaptionsFeatureActive: false }, "CaptionsActiveChanged"));
  }

  async setSpokenLanguage(language: string): Promise<void> {
    stage.check("setSpokenLanguage");
    setTimeout(() => this.become({ activeSpokenLanguage: language }, "SpokenLanguageChanged"));
  }

  async setCaptionLanguage(language: string): Promise<void> {
    stage.check("setCaptionLanguage");
    setTimeout(() => this.become({ activeCaptionLanguage: language }, "CaptionLanguageChanged"));
  }

  hear(person: Person, spokenText: string, isFinal: boolean, language: string | null): void {
    const spoken = { speaker: speaker(person), spokenText, spokenLanguage: language ?? this.activeSpokenLanguage, resultType: isFinal ? "Final" : "Partial", timestamp: new Date() };
    const translated = this.activeCaptionLanguage ? `${this.activeCaptionLanguage}: ${spokenText}` : spokenText;
    this.emit("CaptionsReceived", this.kind === "Captions" ? spoken : { ...spoken, captionText: translated, captionLanguage: this.activeCaptionLanguage });
  }
}

export class Captions extends CallFeature implements Sdk.CaptionsCallFeature {
  captions = new StandInCaptions(this.call, "TeamsCaptions");

  // Another kind is another object.
  kindBecomes(kind: Sdk.CaptionsKind): void {
    this.become({ captions: new StandInCaptions(this.call, kind) }, "CaptionsKindChanged");
  }
}

export class RealTimeText extends CallFeature implements Sdk.RealTimeTextFeature {
  #sequence = 1;

  async sendRealTimeText(text: string, finalized = false): Promise<void> {
    stage.check("sendRealTimeText");
    if (this.call.line) return this.call.ask("sendRealTimeText", { type: "text", text, isFinal: finalized, language: null });
    this.hear({ id: "8:acs:me_me", displayName: "Me" }, this.#sequence, text, finalized, true);
    if (finalized) this.#sequence += 1;
  }

  hear(person: Person, sequenceId: number, text: string, isFinal: boolean, isLocal: boolean): void {
    const now = new Date();
    this.emit("realTimeTextReceived", { sequenceId, sender: speaker(person), text, resultType: isFinal ? "Final" : "Partial", receivedTimestamp: now, updatedTimestamp: now, isLocal });
  }
}
