// Starts the service, then the checks in a process that trusts its certificate authority; stops both.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const work = mkdtempSync(join(tmpdir(), "sidetone-interop-"));
const own = { XDG_CONFIG_HOME: join(work, "config"), XDG_DATA_HOME: join(work, "data"), XDG_STATE_HOME: join(work, "state"), XDG_RUNTIME_DIR: work };

const host = spawn(process.env.SIDETONE, ["host", "--tls", "--listen", "127.0.0.1:0"], {
  env: { ...process.env, ...own },
  stdio: ["ignore", "pipe", "inherit"],
});
const stopped = new Promise((resolve) => host.on("exit", (code, signal) => resolve(signal ?? code)));
const ready = await Promise.race([
  new Promise((resolve) => createInterface({ input: host.stdout }).once("line", resolve)),
  stopped.then((code) => {
    throw new Error(`sidetone host ended (${code}) before it was ready`);
  }),
]);
const told = JSON.parse(ready);

const checks = spawn(process.execPath, [join(here, "checks.mjs"), ...process.argv.slice(2)], {
  env: { ...process.env, ...own, NODE_EXTRA_CA_CERTS: told.caFile, READY: ready, WORK: work },
  stdio: "inherit",
});
let code = await new Promise((resolve) => checks.on("exit", (code, signal) => resolve(signal ? 1 : code)));

host.kill("SIGTERM");
const overdue = setTimeout(() => host.kill("SIGKILL"), 5000);
const ended = await stopped;
clearTimeout(overdue);
if (ended !== 0) {
  console.log(`FAIL  sidetone host did not stop cleanly on SIGTERM: ${ended}`);
  code = 1;
}
rmSync(work, { recursive: true, force: true });
process.exit(code);
