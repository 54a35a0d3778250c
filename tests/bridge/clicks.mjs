// The way of a sound, measured from outside.

// How long each click takes that is sent among silent frames, sorted, in milliseconds.
export async function clicks(program, call, many) {
  const silent = new Int16Array(480);
  const click = Int16Array.from({ length: 480 }, (_, n) => (n < 48 ? 20000 : 0));
  const took = [];
  let sent = null;
  const from = program.frames.length;
  let looked = from;
  const started = performance.now();
  for (let n = 0; took.length < many; n += 1) {
    if (n > 100 * many) throw new Error(`only ${took.length} of ${many} clicks came back`);
    // One that a busy machine lost is not waited for.
    if (n % 40 === 39 && (sent === null || performance.now() - sent > LOST)) {
      sent = performance.now();
      program.sendFrame({ call, samples: click, micros: n * 10_000 });
    } else program.sendFrame({ call, samples: silent, micros: n * 10_000 });
    while (performance.now() < started + 10 * n) await new Promise((resolve) => setTimeout(resolve, 1));
    for (; looked < program.frames.length; looked += 1) {
      const { at, samples } = program.frames[looked];
      if (sent === null || !samples.some((sample) => sample > 5000)) continue;
      took.push(at - sent);
      sent = null;
    }
  }
  return took.sort((one, other) => one - other);
}

// In milliseconds.
const LOST = 2000;
