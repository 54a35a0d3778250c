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

// The level of speech while somebody speaks, as ITU-T P.56 has it: of the 20 ms that are not more than 15.9 dB
// below it. Pauses and gaps do not count, however many there are.
export function speechLevel(samples) {
  const frames = [];
  for (let from = 0; from + 960 <= samples.length; from += 960) frames.push(dbfs(samples.subarray(from, from + 960)));
  let level = Math.max(...frames);
  // It comes down from the loudest frame and settles within a few turns.
  for (let turns = 0; turns < 20; turns += 1) {
    const powers = frames.filter((frame) => frame > level - 15.9).map((frame) => 10 ** (frame / 10));
    level = 10 * Math.log10(powers.reduce((sum, power) => sum + power, 0) / powers.length);
  }
  return level;
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

// The first stretch that sounds without a break and is as wanted, of what `hear` gives: on a busy machine a jitter
// buffer must find its measure first.
export async function steady(hear, wanted = () => true) {
  let heard;
  for (let tries = 0; tries < 40; tries += 1) {
    heard = await hear();
    if (dbfs(heard) > -50 && isWhole(heard) && wanted(heard)) return heard;
  }
  throw new Error(`nothing steady was heard as it should be, the last was ${dbfs(heard).toFixed(1)} dBFS`);
}
