// Somebody who signs in as a Teams user: at the directory of the embedded service, exchanged by a token service of the resource.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { typeCode } from "../interop/person.mjs";

const ADA = "ada@sidetone.example";

// `resource`: where the resource is to be looked for; its key and the directory are those of the service.
export async function tokenService({ connectionString, entra }, resource) {
  const folder = mkdtempSync(join(process.env.WORK, "token-service-"));
  writeFileSync(join(folder, "connection-string"), connectionString.replace(/endpoint=[^;]*/i, `endpoint=${resource}`), { mode: 0o600 });
  const settings = [
    "listen = '127.0.0.1:0'",
    "connection_string_file = 'connection-string'",
    "[teams]",
    `app_id = '${entra.clientId}'`,
    `tenants = ['${entra.tenant}']`,
    `authority = '${entra.authority}'`,
  ];
  writeFileSync(join(folder, "settings.toml"), settings.join("\n"));
  const child = spawn(process.env.SIDETONE, ["token-service", "--config", join(folder, "settings.toml")], { stdio: ["ignore", "pipe", "ignore"] });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  const line = await Promise.race([new Promise((resolve) => createInterface({ input: child.stdout }).once("line", resolve)), ended]);
  return {
    url: JSON.parse(line).url,
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

// What every run of this person's program needs to know; the key of their sign-in lies in a file of theirs.
export const keyed = (name) => ({ SIDETONE_SECRETS_KEY_FILE: join(process.env.WORK, name, "key") });

// Adds the account `work` to the home of that name, by a code that is typed elsewhere.
export async function signIn(name, { service, graph }) {
  const said = await byCode(name, ["add", "work", "--device-code", "--teams", "--token-service", service.url, "--graph", graph, "--display-name", "Ada Quist"]);
  assert.match(said, /Signed in. work: Ada Quist, Teams user/);
}

// People are found by name by whoever asked for the leave to.
export async function mayFindPeople(name) {
  const said = await byCode(name, ["consent", "work", "people", "--device-code"]);
  assert.match(said, /Agreed to/);
}

// What a command of accounts says that waits until somebody signed in elsewhere.
async function byCode(name, command) {
  const home = join(process.env.WORK, name);
  mkdirSync(join(home, "run"), { recursive: true, mode: 0o700 });
  const env = { ...process.env, ...keyed(name), HOME: home, XDG_RUNTIME_DIR: join(home, "run") };
  for (const kind of ["CONFIG", "DATA", "STATE", "CACHE"]) env[`XDG_${kind}_HOME`] = join(home, kind.toLowerCase());
  const words = [process.env.SIDETONE, "accounts", ...command].map((word) => `'${word}'`);
  const child = spawn("script", ["-qefc", `stty cols 200; exec ${words.join(" ")}`, "/dev/null"], { env, stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  const code = new Promise((resolve, reject) => {
    child.stdout.on("data", (data) => {
      said += data;
      const shown = /(https?:\S+)[\s\S]*type this code:\s*(\S+)[\s\S]*Waiting/.exec(said);
      if (shown) resolve({ page: shown[1], code: shown[2] });
    });
    child.on("exit", () => reject(new Error(`nobody was asked for a code: ${said}`)));
  });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  const asked = await code;
  const page = await typeCode(asked.page, asked.code, { user_name: ADA, act: "sign_in" });
  assert.match(page, /signed in on the device/);
  assert.equal(await ended, 0, said);
  return said;
}
