// Two lanes side by side, each with a folder of its own for everything that is written, and the sum of both.
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { passed } from "../interop/report.mjs";
import { whole } from "./passed.mjs";

const checks = join(dirname(fileURLToPath(import.meta.url)), "checks.mjs");

// A lane that ends without its sum has failed.
async function lane(name) {
  const work = mkdtempSync(join(tmpdir(), "sidetone-bridge-"));
  const own = { WORK: work, XDG_CONFIG_HOME: join(work, "config"), XDG_DATA_HOME: join(work, "data"), XDG_STATE_HOME: join(work, "state"), XDG_RUNTIME_DIR: work };
  let sum = { checks: 0, failed: [`${name}: it broke off`], passed: { toPage: [], toProgram: [] } };
  const child = fork(checks, [name, ...process.argv.slice(2)], { env: { ...process.env, ...own } });
  child.on("message", (told) => (sum = told));
  const code = await new Promise((resolve) => child.on("exit", resolve));
  if (code !== 0) sum.failed.push(`${name}: it ended with ${code}`);
  rmSync(work, { recursive: true, force: true, maxRetries: 5 });
  return sum;
}

const lanes = ["page", "program"];
const sums = await Promise.all(lanes.map(lane));
if (process.argv.length > 2) console.log("left out: whether every message of the protocol passed, because parts were chosen");
else sums.push(...lanes.map((name, at) => whole(name, sums[at].passed)));
for (const { said } of sums.filter(({ said }) => said)) console.log(said);
process.exit(passed(sums) ? 0 : 1);
