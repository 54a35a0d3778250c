// A folder of one's own for everything that is written, and the checks in it.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const work = mkdtempSync(join(tmpdir(), "sidetone-bridge-"));
const own = { WORK: work, XDG_CONFIG_HOME: join(work, "config"), XDG_DATA_HOME: join(work, "data"), XDG_STATE_HOME: join(work, "state"), XDG_RUNTIME_DIR: work };
const checks = spawn(process.execPath, [join(dirname(fileURLToPath(import.meta.url)), "checks.mjs"), ...process.argv.slice(2)], {
  env: { ...process.env, ...own },
  stdio: "inherit",
});
const code = await new Promise((resolve) => checks.on("exit", (code, signal) => resolve(signal ? 1 : code)));
rmSync(work, { recursive: true, force: true, maxRetries: 5 });
process.exit(code);
