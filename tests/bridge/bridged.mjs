// The program in a call by way of the page.
import { copyFileSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Sidetone } from "../interop/sidetone.mjs";

const QUIET = ["echo_cancellation", "noise_suppression", "gain_control", "earcons"].flatMap((what) => ["--set", `${what}=false`]);

export const made = ({ control }, options = {}) => control.post("/meetings", { topic: "Design review", organizer: "Alice", lobby: "everyone", anonymousStart: true, ...options });

// The stand-in lies where the vendor's bundle lies for a user.
export function installed(name, bundle) {
  const folder = join(process.env.WORK, name, "data", "sidetone", "calling-sdk");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  copyFileSync(bundle, join(folder, "sdk.js"));
}

export async function bridged({ standin, way }, { link }, name, sound, more = []) {
  installed(name, standin);
  const { pathname, search } = new URL(link);
  return Sidetone.start([`${way.endpoint}${pathname}${search}`, "--endpoint", way.endpoint, "--set", "calls=bridge", "--no-check", ...QUIET, ...more], name, { ...sound?.environment, SIDETONE_NO_VENDOR: undefined, TMPDIR: process.env.WORK });
}

// The processes of browsers that the programs of this run started: each has a profile of its own.
export function browsers() {
  const found = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(join(process.env.WORK, "sidetone-call-"))) found.push(Number(pid));
    } catch {
      // It ended meanwhile.
    }
  }
  return found;
}
