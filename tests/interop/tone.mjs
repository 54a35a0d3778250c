// Tones and what is measured of them. Levels are the root of the mean square beside 1, in decibels.
export const RATE = 48000;

export function sine(hertz, dbfs, length) {
  const amplitude = Math.SQRT2 * 10 ** (dbfs / 20);
  return Float32Array.from({ length }, (_, n) => amplitude * Math.sin((2 * Math.PI * hertz * n) / RATE));
}

export const bytes = (samples) => Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);

export function samples(bytes) {
  const held = Uint8Array.from(bytes);
  return new Float32Array(held.buffer, 0, held.length / 4);
}

export function dbfs(samples) {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  return 10 * Math.log10(Math.max(power, 1e-12));
}

// The level of one frequency alone (Goertzel).
export function levelAt(samples, hertz) {
  const turn = 2 * Math.cos((2 * Math.PI * hertz) / RATE);
  let [one, two] = [0, 0];
  for (const sample of samples) [one, two] = [sample + turn * one - two, one];
  const power = one * one + two * two - turn * one * two;
  return 10 * Math.log10(Math.max((2 * power) / samples.length ** 2, 1e-12));
}

// The strongest frequency within 20 Hz of the one that is expected, to a tenth.
export function frequencyNear(samples, hertz) {
  let best = { level: -Infinity };
  for (let tenths = -200; tenths <= 200; tenths += 1) {
    const at = hertz + tenths / 10;
    const level = levelAt(samples, at);
    if (level > best.level) best = { at, level };
  }
  return best.at;
}

// Whether a steady sound sounded all the time.
export function isWhole(samples) {
  const whole = dbfs(samples);
  for (let from = 0; from + 480 <= samples.length; from += 480) {
    if (Math.abs(dbfs(samples.subarray(from, from + 480)) - whole) >= 0.5) return false;
  }
  return true;
}

// The first stretch that sounds without a break, of what `hear` gives: on a busy machine a jitter buffer must find its measure first.
export async function steady(hear) {
  let heard;
  for (let tries = 0; tries < 30; tries += 1) {
    heard = await hear();
    if (dbfs(heard) > -50 && isWhole(heard)) return heard;
  }
  throw new Error(`no steady sound was heard, the last was ${dbfs(heard).toFixed(1)} dBFS`);
}

// Ten seconds of it as a file, 48 kHz mono.
export function wave(hertz, dbfs) {
  const tone = sine(hertz, dbfs, RATE * 10);
  const data = Buffer.alloc(tone.length * 2);
  tone.forEach((sample, n) => data.writeInt16LE(Math.round(32767 * sample), n * 2));
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + data.length, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(RATE, 24);
  head.writeUInt32LE(RATE * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36);
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}
