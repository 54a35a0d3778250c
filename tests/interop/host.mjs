// A `sidetone host` of one's own: its ready line, and a way to stop it.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export async function host(args, env = process.env) {
  const child = spawn(process.env.SIDETONE, ["host", ...args], { env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.on("exit", (code, signal) => resolve(signal ?? code)));
  const line = await Promise.race([
    new Promise((resolve) => createInterface({ input: child.stdout }).once("line", resolve)),
    ended.then((code) => {
      throw new Error(`sidetone host ended (${code}) before it was ready`);
    }),
  ]);
  return {
    line,
    ready: JSON.parse(line),
    // Answers the exit code, or the signal that it took.
    async stop() {
      child.kill("SIGTERM");
      const overdue = setTimeout(() => child.kill("SIGKILL"), 5000);
      const code = await ended;
      clearTimeout(overdue);
      return code;
    },
  };
}
