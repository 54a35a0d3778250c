// Time to the call, memory and processor time of the browser, and what the bridge adds to the way of a sound.
//
// The program is started as people start it, and its browser is measured from outside: of each of its processes, what /proc says. The SDK is the
// stand-in, so what the vendor's own code and servers add is not in it. The way of a sound is measured by a page whose call hears its own
// microphone: a click goes from where the program stands through socket, page and call, and back.
import { readFileSync, readdirSync } from "node:fs";
import { loadavg } from "node:os";
import { bridged, browsers, made } from "../../tests/bridge/bridged.mjs";
import { launched, opened } from "../../tests/bridge/browser.mjs";
import { clicks } from "../../tests/bridge/clicks.mjs";
import { Program } from "../../tests/bridge/program.mjs";
import { relay } from "../../tests/bridge/relay.mjs";
import { Control } from "../../tests/interop/control.mjs";
import { host } from "../../tests/interop/host.mjs";
import { Pulse } from "../../tests/interop/pulse.mjs";

const SETTLED = 3000;
const MEASURED = 5000;
const CLICKS = 25;
// In a second, whatever the kernel's own clock is.
const TICKS = 100;

const runs = Number(process.argv[2]);
const service = await host(["--listen", "127.0.0.1:0"]);
const way = await relay(service.ready.endpoint);
const scene = { standin: process.env.STANDIN, way, control: new Control(service.ready) };
const found = [];
try {
  for (let run = 1; run <= runs; run += 1) {
    const figures = { ...(await call(run)), ...(await sound()) };
    console.log(`  run ${run}: ${Object.entries(figures).map(([name, value]) => `${name} ${shown(value)}`).join(", ")}; load ${loadavg()[0].toFixed(1)}`);
    found.push(figures);
  }
} finally {
  way.stop();
  await service.stop();
}

// Measured on two quiet cores with the vendor's SDK loaded and no call, and for the sound with a page that only passes it on.
const BEFORE = {
  "cold, s": "0.4 to 1.6 until a page is there",
  "warm, s": "",
  "idle, MiB": "234",
  "in a call, MiB": "240",
  "idle, % of a core": "0.3",
  "in a call, % of a core": "13 to 15",
  "there and back, ms": "6.5 out of the page and 9.8 into it, without what the call itself adds",
};
console.log(`\nmedians of ${runs} runs, and what was measured before the bridge was written`);
for (const name of Object.keys(BEFORE)) console.log(`${name.padEnd(24)} ${shown(median(found.map((one) => one[name]))).padStart(8)}   ${BEFORE[name]}`);

// A call of one person with sound devices that are none, who joins, leaves, and joins again while the page is still there.
async function call(run) {
  const meeting = await made(scene);
  await scene.control.post(`/meetings/${encodeURIComponent(meeting.threadId)}/participants`, { name: "Alice" });
  const pulse = new Pulse();
  const started = performance.now();
  const ada = await bridged(scene, meeting, `Ada${run}`, pulse);
  const states = (wanted) => ada.news.filter(({ event, state }) => event === "call" && state === wanted).length;
  const connected = (times) => ada.until(() => states("Connected") >= times && performance.now(), "was connected", 0, 30_000);
  const cold = (await connected(1)) - started;
  await ada.line("Joined Design review");
  await ada.until(() => ada.transcript.includes("Microphone on.") || (ada.type("/unmute\r"), false), "unmuted", 1000);
  const inCall = await used();
  ada.type("/leave\r");
  await ada.until(() => states("Disconnected") > 0, "left the call");
  const idle = await used();
  const asked = performance.now();
  ada.type("/join\r");
  const warm = (await connected(2)) - asked;
  await ada.quit();
  await pulse.stop();
  return { "cold, s": cold / 1000, "warm, s": warm / 1000, "idle, MiB": idle.memory, "in a call, MiB": inCall.memory, "idle, % of a core": idle.processor, "in a call, % of a core": inCall.processor };
}

// What the browser takes once it has come to rest.
async function used() {
  await pause(SETTLED);
  const pids = tree(browsers());
  const [before, from] = [ticks(pids), performance.now()];
  await pause(MEASURED);
  const processor = (100 * (ticks(pids) - before)) / TICKS / ((performance.now() - from) / 1000);
  return { processor, memory: memory(pids) };
}

async function sound() {
  const browser = await launched();
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const token = `${part({ alg: "none" })}.${part({ exp: Math.floor(Date.now() / 1000) + 3600, acsScope: "voip", skypeid: "acs:x_y" })}.${part("none")}`;
  const program = await Program.start({ sdk: scene.standin, token: () => ({ token, expiresOn: null }) });
  const tab = await opened(browser, program);
  await program.until({ type: "ready", hasSdk: true }, "loaded", { ms: 30_000 });
  const { agent } = await program.ask("createAgent", { identity: "external", displayName: "Ada", emergencyCountry: null });
  const { call } = await program.ask("startCall", { agent, to: ["4:+14255550123"], threadId: null, alternateCallerId: null, onBehalfOf: null, customContext: null, audio: "raw", muted: false });
  await tab.evaluate("(async () => { const call = standin.calls.at(-1); call.to('Connected'); call.hears(await call.localAudioStreams[0].getMediaStream()); })()");
  await program.until({ type: "audio", call, mode: "raw", hasPlayback: true });
  const took = await clicks(program, call, CLICKS);
  await browser.close();
  await program.stop();
  return { "there and back, ms": median(took) };
}

// Processes of the browser that have no command line of their own to be known by belong to one that has.
function tree(roots) {
  const children = new Map();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const parent = field(pid, 1);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(pid)]);
  }
  const all = new Set(roots);
  for (const pid of all) for (const child of children.get(pid) ?? []) all.add(child);
  return [...all];
}

// MiB that nobody else has a part in, so that other browsers on the machine change nothing.
function memory(pids) {
  const kibibytes = (pid) => {
    try {
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
      return [...rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+)/gm)].reduce((sum, [, part]) => sum + Number(part), 0);
    } catch {
      return 0;
    }
  };
  return pids.reduce((sum, pid) => sum + kibibytes(pid), 0) / 1024;
}

// Of the processes themselves, in the kernel and outside.
function ticks(pids) {
  return pids.reduce((sum, pid) => sum + (field(pid, 11) ?? 0) + (field(pid, 12) ?? 0), 0);
}

// A number of /proc/PID/stat, counted from behind the name, which may hold anything.
function field(pid, at) {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ")[at]);
  } catch {
    return undefined;
  }
}

function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function shown(value) {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
