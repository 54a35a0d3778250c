// The microphone and the loudspeakers: which there are, which is used, how loud it is, and why not.
import { Failure } from "./guest.js";

// The one track of the microphone. What the browser does to the sound can be switched off, for measuring.
export async function capture({ device = "", processing = true } = {}) {
  if (!navigator.mediaDevices?.getUserMedia) throw new Failure(window.isSecureContext ? REASONS.NotFoundError : INSECURE);
  const audio = { echoCancellation: processing, noiseSuppression: processing, autoGainControl: processing, channelCount: 1 };
  if (device) audio.deviceId = { exact: device };
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio });
    return stream.getAudioTracks()[0];
  } catch (error) {
    throw new Failure(REASONS[error.name] ?? REASONS.AbortError);
  }
}

export async function devices() {
  const all = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
  const of = (kind) => all.filter((one) => one.kind === kind && one.deviceId);
  return { microphones: of("audioinput"), speakers: of("audiooutput") };
}

// How loud it is now, in decibels below full scale, also while it is muted: what is measured does not leave the page.
export async function level(track) {
  const heard = track.clone();
  heard.enabled = true;
  const context = new AudioContext();
  try {
    const analyser = new AnalyserNode(context, { fftSize: 16384 });
    context.createMediaStreamSource(new MediaStream([heard])).connect(analyser);
    await context.resume();
    await new Promise((resolve) => setTimeout(resolve, MEASURED));
    const samples = new Float32Array(analyser.fftSize);
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    return Math.max(QUIETEST, 10 * Math.log10(power || Number.MIN_VALUE));
  } finally {
    heard.stop();
    await context.close();
  }
}

const INSECURE = "browsers give the microphone only to https pages and to pages of their own machine, and this page came over http";
const REASONS = {
  NotAllowedError: "the browser was not allowed to use the microphone; allow it in the browser's settings for this page, then choose \"Use a microphone\"",
  NotFoundError: "there is no microphone",
  NotReadableError: "the microphone is in use by another program or does not answer",
  OverconstrainedError: "that microphone is not there any more",
  AbortError: "the microphone could not be opened",
};
const MEASURED = 600;
const QUIETEST = -96;
