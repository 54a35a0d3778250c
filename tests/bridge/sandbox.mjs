// An ordinary user's browser keeps its sandbox. Root, who may not have one, stands aside for one who may.
import assert from "node:assert/strict";
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Control } from "../interop/control.mjs";
import { host } from "../interop/host.mjs";
import { Sidetone } from "../interop/sidetone.mjs";
import { browsers, bridged, made } from "./bridged.mjs";
import { relay } from "./relay.mjs";

// The user whom every system has for those who own nothing.
const NOBODY = 65534;

export async function sandbox(report, { standin }) {
  report.part("the program of an ordinary user");
  const service = await host(["--listen", "127.0.0.1:0"]);
  const way = await relay(service.ready.endpoint);
  const own = ordinary();
  const before = { SIDETONE: process.env.SIDETONE, WORK: process.env.WORK };
  try {
    const control = new Control(service.ready);
    const meeting = await made({ control });
    const eve = await Sidetone.meet(meeting.link, { endpoint: service.ready.endpoint, name: "Eve" });
    Object.assign(process.env, own);
    const ada = await bridged({ standin, way }, meeting, "Ada");
    await report.check("its browser keeps the sandbox", async () => {
      await ada.line("Joined Design review");
      const running = browsers().map((pid) => ({ line: readFileSync(`/proc/${pid}/cmdline`, "utf8"), status: readFileSync(`/proc/${pid}/status`, "utf8") }));
      for (const { line } of running) assert.doesNotMatch(line, /--no-sandbox/);
      const pages = running.filter(({ line }) => line.includes("--type=renderer"));
      assert.ok(pages.length > 0, "a page runs");
      for (const { status } of pages) {
        assert.doesNotMatch(status, /^Uid:\t0/m);
        assert.match(status, /^Seccomp:\t2/m);
        assert.match(status, /^NSpid:\t\d+\t\d+/m);
      }
    });
    assert.equal(await ada.quit(), 0);
    Object.assign(process.env, before);
    await eve.quit();
  } finally {
    Object.assign(process.env, before);
    way.stop();
    await service.stop();
    rmSync(own.WORK, { recursive: true, force: true });
  }
}

// What the program needs to run for somebody else, who cannot look into the folders of root.
function ordinary() {
  const folder = mkdtempSync(join(tmpdir(), "sidetone-ordinary-"));
  if (process.getuid() !== 0) return { WORK: folder };
  chmodSync(folder, 0o1777);
  const [program, stand] = [join(folder, "program"), join(folder, "sidetone")];
  copyFileSync(process.env.SIDETONE, program);
  writeFileSync(stand, `#!/bin/sh\nchown -R ${NOBODY}:${NOBODY} "$HOME"\nexec setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups ${program} "$@"\n`, { mode: 0o755 });
  return { WORK: folder, SIDETONE: stand };
}
