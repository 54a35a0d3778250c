// What is asked of the page comes there a moment after it was said in the terminal.

// Asks until the answer is `wanted`; ten seconds.
export async function until(ask, wanted) {
  let found;
  for (let tries = 0; tries < 200; tries += 1) {
    found = await ask().catch((error) => error.message);
    if (found === wanted) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${found} is not ${wanted}`);
}

// Until the calls of a stage, in the order in which they were made, are in these states. It answers one question at a time.
export function states(stage, ...wanted) {
  const now = async () => {
    const found = [];
    for (const at of wanted.keys()) found.push(await stage(`calls.${at}.state`));
    return found.join();
  };
  return until(now, wanted.join());
}
