// Diagnostics and statistics.
import type * as Sdk from "@azure/communication-calling";
import { createIdentifierFromRawId, getIdentifierRawId } from "@azure/communication-common";
import { Emitter } from "./emitter.js";
import { CallFeature } from "./feature.js";

class Diagnostics extends Emitter implements Sdk.NetworkDiagnostics, Sdk.MediaDiagnostics {
  #latest: Record<string, Sdk.LatestDiagnosticValue> = {};

  getLatest(): Record<string, Sdk.LatestDiagnosticValue> {
    return this.#latest;
  }

  say(diagnostic: string, value: number | boolean): void {
    const valueType = typeof value === "number" ? "DiagnosticQuality" : "DiagnosticFlag";
    if (this.#latest[diagnostic]?.value === value) return;
    this.#latest[diagnostic] = { value, valueType };
    this.emit("diagnosticChanged", { diagnostic, value, valueType });
  }
}

class Remote extends Emitter implements Sdk.RemoteDiagnostics {
  isSendingDiagnosticsEnabled = false;

  startSendingDiagnostics(): void {
    this.isSendingDiagnosticsEnabled = true;
  }

  stopSendingDiagnostics(): void {
    this.isSendingDiagnosticsEnabled = false;
  }

  getLatest(): Sdk.RemoteParticipantDiagnosticsData {
    return { diagnostics: [] };
  }

  say(rawId: string, diagnostic: string, value: number | boolean): void {
    const valueType = typeof value === "number" ? "DiagnosticQuality" : "DiagnosticFlag";
    this.emit("diagnosticChanged", { diagnostics: [{ participantId: getIdentifierRawId(createIdentifierFromRawId(rawId)), rawId, diagnostic, value, valueType }] });
  }
}

export class UserFacingDiagnostics extends CallFeature implements Sdk.UserFacingDiagnosticsFeature {
  readonly network = new Diagnostics();
  readonly media = new Diagnostics();
  readonly remote = new Remote();
}

class Collector extends Emitter implements Sdk.MediaStatsCollector {
  #timer;

  constructor(sample: () => Promise<Sdk.MediaStatsReportSample>) {
    super();
    this.#timer = setInterval(async () => this.emit("sampleReported", await sample()), SECOND);
  }

  dispose(): void {
    clearInterval(this.#timer);
  }
}

export class MediaStats extends CallFeature implements Sdk.MediaStatsCallFeature {
  createCollector(): Sdk.MediaStatsCollector {
    return new Collector(() => this.#sample());
  }

  // Of the real connection, as far as the browser tells.
  async #sample(): Promise<Sdk.MediaStatsReportSample> {
    const none = { send: [], receive: [] };
    const sample: Sdk.MediaStatsReportSample = { audio: { send: [], receive: [] }, video: none, screenShare: none, transports: [] };
    for (const one of (await this.call.line?.statistics())?.values() ?? []) {
      if (one.type === "outbound-rtp") sample.audio.send.push({ id: one.id, codecName: "OPUS", packets: one.packetsSent });
      if (one.type === "inbound-rtp") sample.audio.receive.push({ id: one.id, codecName: "OPUS", packets: one.packetsReceived, packetsLost: one.packetsLost, jitterInMs: one.jitter * 1000 });
      if (one.type === "candidate-pair" && one.nominated) sample.transports.push({ id: one.id, rttInMs: (one.currentRoundTripTime ?? 0) * 1000 });
    }
    return sample;
  }
}

const SECOND = 1_000;
