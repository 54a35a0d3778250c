// The page: from the secret to `ready`, commands to their answers, and out of the way when the program is gone.
import { Agents } from "./agents.js";
import { Beginnings } from "./beginnings.js";
import { Calls } from "./calls.js";
import { Clients } from "./clients.js";
import { type Desk, carryOut } from "./commands.js";
import { Control, type Welcome, takeSecret } from "./control.js";
import { SoundDevices } from "./devices.js";
import { Refusal, failure } from "./failure.js";
import { Wire } from "./graph.js";
import { People } from "./people.js";
import { PATHS } from "./protocol/protocol.js";
import type { Command } from "./protocol/to_page.js";
import { load } from "./sdk.js";
import { Sound } from "./sound.js";
import { Tokens } from "./tokens.js";

const secret = takeSecret();
let desk: Desk | null = null;
let problem = "the page is not ready";

const control: Control = new Control(secret, {
  welcome: (welcome) => void open(welcome),
  answer: (word) => tokens.answer(word),
  command: (command) => void answer(command),
  gone: () => void leave(),
});
const tokens = new Tokens(control);

window.addEventListener("error", ({ error, message }) => trouble("running", error ?? new Error(message)));
window.addEventListener("unhandledrejection", ({ reason }) => trouble("running", reason));
// Also what the SDK would load and may not.
document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) =>
  trouble("keeping the policy", new Refusal("Unexpected", `${effectiveDirective} forbids ${origin(blockedURI)}`)),
);

async function open({ app }: Welcome): Promise<void> {
  const wire = new Wire();
  wire.onclosed = () => control.end("socket");
  await wire.open(secret);
  try {
    desk = await prepare(app, wire);
    control.say({ type: "ready", hasSdk: true, problem: null });
    desk.refresh();
  } catch (error) {
    problem = failure(error).message;
    control.say({ type: "ready", hasSdk: false, problem });
  }
}

async function prepare({ name, version }: Welcome["app"], wire: Wire): Promise<Desk> {
  const sdk = await load(PATHS.sdk);
  const people = new People(sdk);
  const tools = { sdk, people, control, trouble };
  const sound = new Sound(sdk, wire);
  const calls = new Calls(tools, sound);
  const clients = new Clients(() => new sdk.CallClient({ diagnostics: { appName: name, appVersion: version, tags: [] } }));
  const devices = new SoundDevices(clients, control);
  const agents = new Agents(tools, tokens, calls, clients, devices);
  const elsewhere = clients.first.feature(sdk.Features.DebugInfo);
  const sayElsewhere = () => control.say({ type: "otherPage", isActive: elsewhere.isCallClientActiveInAnotherTab });
  elsewhere.on("isCallClientActiveInAnotherTabChanged", sayElsewhere);
  const refresh = () => {
    sayElsewhere();
    agents.refresh();
    void devices.say();
    for (const call of calls.all) call.refresh();
  };
  return { sdk, clients, people, agents, calls, beginnings: new Beginnings(agents, calls, people, sound), sound, devices, refresh };
}

async function answer(command: Command): Promise<void> {
  try {
    if (command.type === "close") return await close(command.id);
    if (!desk) throw new Refusal("NoSdk", problem);
    const result = await carryOut(desk, command);
    control.say({ type: "done", id: command.id, result });
  } catch (error) {
    control.say({ type: "failed", id: command.id, error: failure(error) });
  }
  desk?.calls.announce();
}

async function close(id: number): Promise<void> {
  await dispose();
  control.say({ type: "done", id, result: null });
  control.end("command");
}

// Nobody is left in a call by a page that goes.
async function leave(): Promise<void> {
  await dispose();
  window.close();
  // Where a page may not close itself, at least nothing of it stays.
  location.replace("about:blank");
}

let disposing: Promise<unknown> | null = null;

function dispose(): Promise<unknown> {
  disposing ??= Promise.race([disposeAll(), new Promise((resolve) => setTimeout(resolve, PARTING))]);
  return disposing;
}

async function disposeAll(): Promise<void> {
  await desk?.agents.disposeAll();
  await Promise.allSettled(desk?.clients.all.map((client) => client.dispose()) ?? []);
}

function trouble(doing: string, error: unknown): void {
  control.say({ type: "trouble", doing, error: failure(error) });
}

// Paths and queries may hold what nobody should log.
function origin(address: string): string {
  try {
    return new URL(address).origin;
  } catch {
    return address;
  }
}

// How long hanging up may take, in milliseconds.
const PARTING = 2_000;
