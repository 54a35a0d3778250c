// The worker behind `later`: browsers slow the timers of hidden pages down, but not those of a worker.
const waiting = new Map();

onmessage = ({ data: { id, wait } }) => {
  clearTimeout(waiting.get(id));
  waiting.delete(id);
  if (wait === undefined) return;
  waiting.set(id, setTimeout(() => {
    waiting.delete(id);
    postMessage(id);
  }, wait));
};
