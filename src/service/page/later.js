// Timers that keep time while the page is hidden: whether a meeting is recorded must not be known late.

const script = globalThis.trustedTypes?.createPolicy("own", { createScriptURL: (path) => path }) ?? { createScriptURL: (path) => path };
const ticking = new Worker(script.createScriptURL("/meet/page/ticking.js"));
const acts = new Map();
let last = 0;

ticking.onmessage = ({ data: id }) => {
  const act = acts.get(id);
  acts.delete(id);
  act?.();
};

// Answers what `never` takes back.
export function later(wait, act) {
  last += 1;
  acts.set(last, act);
  ticking.postMessage({ id: last, wait });
  return last;
}

export function never(id) {
  if (acts.delete(id)) ticking.postMessage({ id });
}
