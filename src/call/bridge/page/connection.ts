// How good the connection is: diagnostics of the SDK, and statistics on demand.
import type { IncomingAudioMediaStats, MediaStatsCollector, OutgoingAudioMediaStats } from "@azure/communication-calling";
import type { LiveCall, Watch } from "./call.js";
import type { StreamStatistics } from "./protocol/values.js";

export const watchDiagnostics: Watch = (call) => {
  const { network, media, remote } = call.feature("UserFacingDiagnostics");
  const say = (of: string, name: string, value: number | boolean) => {
    if (!isOfTheStandIn(call, name)) call.state({ type: "diagnostic", call: call.number, of, name, value }, `${of} ${name}`);
  };
  network.on("diagnosticChanged", ({ diagnostic, value }) => say("network", diagnostic, value));
  media.on("diagnosticChanged", ({ diagnostic, value }) => say("media", diagnostic, value));
  remote.on("diagnosticChanged", ({ diagnostics }) => {
    for (const { rawId, diagnostic, value } of diagnostics) {
      call.state({ type: "remoteDiagnostic", call: call.number, who: rawId, name: diagnostic, value }, `${rawId} ${diagnostic}`);
    }
  });
  return () => {
    for (const [of, latest] of [["network", network.getLatest()], ["media", media.getLatest()]] as const) {
      for (const [name, diagnostic] of Object.entries(latest)) if (diagnostic) say(of, name, diagnostic.value);
    }
  };
};

// In raw mode the browser's microphone and speaker are not the person's; the program knows better.
function isOfTheStandIn(call: LiveCall, name: string): boolean {
  return call.isRaw && OF_DEVICES.includes(name);
}

const OF_DEVICES = ["noSpeakerDevicesEnumerated", "noMicrophoneDevicesEnumerated", "speakingWhileMicrophoneIsMuted"];

// The collector of a call while statistics are wanted.
const collectors = new WeakMap<LiveCall, MediaStatsCollector>();

export function reportStatistics(call: LiveCall, on: boolean): void {
  collectors.get(call)?.dispose();
  collectors.delete(call);
  if (!on) return;
  const collector = call.feature("MediaStats").createCollector();
  if (!collectors.has(call)) call.onEnd(() => collectors.get(call)?.dispose());
  collectors.set(call, collector);
  let said = -Infinity;
  collector.on("sampleReported", ({ audio, transports }) => {
    if (performance.now() - said < RARELY) return;
    said = performance.now();
    call.moment({
      type: "statistics",
      call: call.number,
      send: audio.send.map(stream),
      receive: audio.receive.map(stream),
      transports: transports.map(({ rttInMs, availableIncomingBitrate, availableOutgoingBitrate }) => ({
        roundTrip: rttInMs ?? null,
        incoming: availableIncomingBitrate ?? null,
        outgoing: availableOutgoingBitrate ?? null,
      })),
    });
  });
}

type Sample = OutgoingAudioMediaStats<number, string> & IncomingAudioMediaStats<number, string>;

function stream(sample: OutgoingAudioMediaStats<number, string> | IncomingAudioMediaStats<number, string>): StreamStatistics {
  const all: Sample = sample;
  return {
    codec: all.codecName ?? null,
    bitrate: all.bitrate ?? null,
    jitter: all.jitterInMs ?? null,
    roundTrip: all.rttInMs ?? null,
    packetsPerSecond: all.packetsPerSecond ?? null,
    packetsLostPerSecond: all.packetsLostPerSecond ?? null,
    level: all.audioInputLevel ?? all.audioOutputLevel ?? null,
    jitterBuffer: all.jitterBufferDelayInMs ?? null,
    healed: all.healedRatio ?? null,
  };
}

// The SDK samples about once a second; never more often than this, in milliseconds.
const RARELY = 900;
