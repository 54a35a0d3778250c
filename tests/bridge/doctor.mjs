// `sidetone doctor` without a word more: it runs the page, says what it is like, and joins nothing.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { browsers, installed } from "./bridged.mjs";
import { run } from "./live.mjs";
import { Pulse } from "../interop/pulse.mjs";

export async function doctor(report, { standin, official }) {
  report.part("sidetone doctor");
  // What it says of calls, and in which time.
  const asked = async (name, more) => {
    const began = performance.now();
    const doctor = run(name, ["doctor", "--json"], more);
    await doctor.ended;
    const { checks } = JSON.parse(doctor.said.split("\n").find((line) => line.startsWith("{")));
    assert.equal(browsers().length, 0, browsers().join("\n"));
    return { rows: checks.filter(({ check }) => check === "calls"), seconds: (performance.now() - began) / 1000 };
  };
  const texts = (rows) => rows.map(({ text }) => text).join("\n");
  await report.check("without the SDK or without a browser it says so, with what mends it, and starts nothing", async () => {
    const { rows } = await asked("Unset");
    assert.equal(rows.length, 2, texts(rows));
    assert.deepEqual([rows[1].verdict, rows[1].mend], ["note", "sidetone setup calls"]);
    const none = await asked("Unset", { PATH: "/nowhere", SIDETONE_BROWSER: "/nowhere/chromium" });
    assert.match(none.rows[0].text, /no browser|no Chromium/);
    assert.ok(none.rows[0].mend);
  });
  await report.check("with both: the environment, the versions, this machine's devices, and the memory", async () => {
    installed("Well", standin);
    const sound = new Pulse();
    const { rows, seconds } = await asked("Well", sound.environment);
    await sound.stop();
    console.log(`      ${seconds.toFixed(1)} s\n${texts(rows)}`);
    assert.ok(rows.every(({ verdict }) => verdict === "ok"), JSON.stringify(rows));
    assert.match(texts(rows), /^the environment is supported: SDK 2\.0\.0, Chrome \d+\.[\d.]+ on Linux$/m);
    assert.match(texts(rows), /^the browser sees \d+ microphones? and \d+ speakers?,/m);
    assert.match(texts(rows), /^the page was ready after \d+\.\d s, and the browser takes (at most )?\d{2,4} MB while it waits for calls$/m);
  }, 60);
  await report.check("an SDK that does not load is a problem with its command", async () => {
    const folder = join(process.env.WORK, "Broken", "data", "sidetone", "calling-sdk");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, "sdk.js"), "this is no script");
    const { rows } = await asked("Broken");
    const { verdict, text, mend } = rows.at(-1);
    assert.equal(verdict, "problem", texts(rows));
    assert.match(text, /does not load/);
    assert.equal(mend, "sidetone setup calls");
  }, 60);
  if (!official) return;
  await report.check("with the official SDK: supported, and never longer than it may take", async () => {
    installed("Official", official);
    const { rows, seconds } = await asked("Official");
    console.log(`      ${seconds.toFixed(1)} s\n${texts(rows)}`);
    assert.match(texts(rows), /^the environment is supported: SDK 2\.0\.0, Chrome /m);
    assert.ok(seconds < 40, `${seconds} s`);
  }, 60);
}
