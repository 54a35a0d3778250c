// Starts the service, then the checks in a process that trusts its certificate authority; stops both.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { host } from "./host.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const work = mkdtempSync(join(tmpdir(), "sidetone-interop-"));
const own = { XDG_CONFIG_HOME: join(work, "config"), XDG_DATA_HOME: join(work, "data"), XDG_STATE_HOME: join(work, "state"), XDG_RUNTIME_DIR: work };

const service = await host(["--tls", "--listen", "127.0.0.1:0"], { ...process.env, ...own });

const checks = spawn(process.execPath, [join(here, "checks.mjs"), ...process.argv.slice(2)], {
  env: { ...process.env, ...own, NODE_EXTRA_CA_CERTS: service.ready.caFile, READY: service.line, WORK: work },
  stdio: "inherit",
});
let code = await new Promise((resolve) => checks.on("exit", (code, signal) => resolve(signal ? 1 : code)));

const ended = await service.stop();
if (ended !== 0) {
  console.log(`FAIL  sidetone host did not stop cleanly on SIGTERM: ${ended}`);
  code = 1;
}
rmSync(work, { recursive: true, force: true });
process.exit(code);
