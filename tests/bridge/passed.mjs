// Which messages of the protocol passed between the page and a program, and which never did.
//
// What there is comes from the examples: a test of the program and one of the page hold them complete. A command has passed when the page has
// carried it out, and anything else when it was said.
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const passed = { toPage: new Set(), toProgram: new Set() };

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const named = (examples) => new Set(readFileSync(here(`../fixtures/bridge/${examples}.jsonl`), "utf8").trim().split("\n").map((line) => JSON.parse(line).type));

// What this program has words for: some commands are for programs to come.
function spoken() {
  const bridge = here("../../src/call/bridge");
  const sources = readdirSync(bridge, { recursive: true }).filter((path) => path.endsWith(".rs") && !path.includes("tests"));
  const said = sources.flatMap((path) => [...readFileSync(`${bridge}/${path}`, "utf8").matchAll(/\b(?:Act|Word)::([A-Z]\w*)/g)]);
  return new Set(said.map(([, name]) => name[0].toLowerCase() + name.slice(1)));
}

// What must pass in a lane: everything, and between the real program and the page whatever that program says.
export function owed(lane) {
  const [toPage, toProgram] = [named("to-page"), named("to-program")];
  const spoke = spoken();
  if (!spoke.has("join")) throw new Error("no command was found in src/call/bridge");
  const says = (name) => spoke.has(name) && !UNHEARD.includes(name);
  return { toPage: lane === "page" ? toPage : new Set([...toPage].filter(says)), toProgram };
}

// The program says it and ends the browser in the same breath.
const UNHEARD = ["close"];

// One check a direction: the names of those that no part exercised.
export function whole(lane, told) {
  const wanted = owed(lane);
  const missing = Object.keys(wanted).map((way) => ({ way, names: [...wanted[way]].filter((name) => !told[way].includes(name)) }));
  const counted = Object.keys(wanted).map((way) => `${wanted[way].size} ${WAYS[way]}`);
  return {
    said: `      ${lane}: messages that had to pass, and were looked for: ${counted.join(", ")}`,
    checks: missing.length,
    failed: missing.filter(({ names }) => names.length > 0).map(({ way, names }) => `${lane}: no part exercised, ${WAYS[way]}: ${names.join(", ")}`),
  };
}

const WAYS = { toPage: "to the page", toProgram: "to the program" };
