// The stage from afar, for tests that are not in the browser: where the page may connect to a service of this machine, `/standin` there leads to the test.
//
// In comes `{"id":1,"path":"calls.0.features.UserFacingDiagnostics.network.say","args":["networkReconnect",3]}`: the function of that name on the
// stage is called with these arguments. Out goes `{"id":1,"result":…}` or `{"id":1,"error":"…"}`. A path that names no function gives its value.
import { stage } from "./stage.js";

let socket: WebSocket | null = null;

export async function conducted(): Promise<void> {
  if (socket) return;
  const address = await local();
  if (!address || socket) return;
  const opened = (socket = new WebSocket(`${address}/standin`));
  opened.onclose = () => (socket = null);
  opened.onmessage = async ({ data }) => {
    const { id, path, args = [] } = JSON.parse(String(data)) as { id: number; path: string; args?: unknown[] };
    try {
      opened.send(JSON.stringify({ id, result: plain(await perform(path, args)) }));
    } catch (error) {
      opened.send(JSON.stringify({ id, error: String(error) }));
    }
  };
}

// Where that service listens for sockets.
export async function local(): Promise<string | undefined> {
  // A script cannot read the policy of its page; the page served once more tells it.
  const policy = (await fetch("/")).headers.get("content-security-policy") ?? "";
  return /ws:\/\/127\.0\.0\.1:\d+/.exec(policy)?.[0];
}

function perform(path: string, args: unknown[]): unknown {
  let owner: unknown;
  let found: unknown = stage;
  for (const name of path.split(".")) {
    owner = found;
    // `-1` is the newest.
    found = name === "-1" ? (owner as unknown[]).at(-1) : (owner as Record<string, unknown>)[name];
    if (found === undefined) throw new Error(`there is no ${name} in ${path}`);
  }
  return typeof found === "function" ? found.apply(owner, args) : found;
}

// Objects of the stand-in go round in circles; what a test wants to see is plain.
function plain(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value ?? null));
  } catch {
    return null;
  }
}
