// Who may enter, what is framed how, and when the page goes: no SDK is needed for that.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { WebSocket } from "ws";
import { Program } from "./program.mjs";
import { closed, opened } from "./browser.mjs";

export async function doors(report, { browser, standin }) {
  report.part("the page: doors, silence, and the end");
  await report.check("with the secret it greets, opens both sockets, clears its address, and is ready", async () => {
    const program = await Program.start({ sdk: standin });
    const tab = await opened(browser, program);
    const hello = await program.until({ type: "hello", version: 1 });
    assert.match(hello.userAgent, /Chrome\//);
    assert.doesNotMatch(hello.userAgent, /Headless/);
    await program.until({ type: "ready", hasSdk: true });
    assert.equal(tab.url(), `${program.origin}/`);
    assert.ok(program.requests.every((path) => !path.includes(program.secret)));
    assert.deepEqual(tab.problems, []);
    await closed(tab);
    await program.stop();
  });
  await report.check("a page with a wrong secret, or with none, is refused and says nothing", async () => {
    for (const secret of ["", "0".repeat(64)]) {
      const program = await Program.start({ sdk: standin });
      const tab = await opened(browser, program, secret);
      await tab.waitForURL("about:blank").catch((error) => assert.ok(tab.isClosed(), String(error)));
      assert.equal(program.refusals, 1);
      assert.deepEqual(program.said, []);
      await closed(tab);
      await program.stop();
    }
  });
  await report.check("a third process without the secret, with a wrong origin, or too late, is refused on both sockets", async () => {
    const program = await Program.start({ sdk: standin });
    const tab = await opened(browser, program);
    await program.until({ type: "ready" });
    const attempts = [
      [[], program.origin],
      [["sidetone.bridge.1"], program.origin],
      [["sidetone.bridge.1", `sidetone.secret.${"f".repeat(64)}`], program.origin],
      [["sidetone.bridge.1", `sidetone.secret.${program.secret}`], "http://127.0.0.1:1"],
      // The right secret: but that place is taken.
      [["sidetone.bridge.1", `sidetone.secret.${program.secret}`], program.origin],
    ];
    for (const path of ["control", "pcm"]) for (const [protocols, origin] of attempts) assert.equal(await knock(`ws://127.0.0.1:${new URL(program.origin).port}/${path}`, protocols, origin, new URL(program.origin).host), 403);
    assert.equal(program.refusals, 2 * attempts.length);
    assert.equal(program.hasClosed, undefined);
    await closed(tab);
    await program.stop();
  });
  await report.check("somebody who listens on the same port of another loopback address hears nothing", async () => {
    const program = await Program.start({ sdk: standin });
    let heard = 0;
    const other = createServer((socket) => {
      heard += 1;
      socket.destroy();
    });
    const has6 = await new Promise((resolve) => other.on("error", () => resolve(false)).listen(Number(new URL(program.origin).port), "::1", () => resolve(true)));
    const tab = await opened(browser, program);
    await program.until({ type: "ready" });
    assert.equal(heard, 0);
    if (!has6) console.log("      this machine has no ::1");
    other.close();
    await closed(tab);
    await program.stop();
  });
  await report.check("beats are answered at once, and stop while the page hangs", async () => {
    const program = await Program.start({ sdk: standin });
    const tab = await opened(browser, program);
    await program.until({ type: "ready" });
    const took = [];
    for (let count = 1; count <= 50; count += 1) {
      const start = performance.now();
      program.say({ type: "beat", count });
      await program.until({ type: "beat", count });
      took.push(performance.now() - start);
    }
    took.sort((one, other) => one - other);
    console.log(`      a beat comes back after ${took[25].toFixed(1)} ms (median), ${took[45].toFixed(1)} ms (p90)`);
    assert.ok(took[25] < 40);
    tab.evaluate(() => {
      const until = performance.now() + 700;
      while (performance.now() < until);
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    program.say({ type: "beat", count: 99 });
    await assert.rejects(program.until({ type: "beat", count: 99 }, "beat", { ms: 300 }));
    await program.until({ type: "beat", count: 99 });
    await closed(tab);
    await program.stop();
  });
  await report.check("it goes when the program is silent, when either socket is gone, and on command", async () => {
    for (const [how, because] of [["silence", "silence"], ["control", null], ["pcm", "socket"], ["close", "command"]]) {
      const program = await Program.start({ sdk: standin, silence: how === "silence" ? 600 : 5000 });
      const tab = await opened(browser, program);
      await program.until({ type: "ready" });
      const gone = tab.isClosed() ? null : Promise.race([tab.waitForEvent("close"), tab.waitForURL("about:blank")]);
      gone.catch(() => {});
      const start = performance.now();
      if (how === "close") await program.ask("close");
      else if (how !== "silence") program.cut(how);
      await gone;
      if (because) assert.ok(program.said.some((one) => one.type === "bye" && one.because === because), `${how}: ${JSON.stringify(program.said.at(-1))}`);
      console.log(`      ${how}: gone after ${Math.round(performance.now() - start)} ms`);
      await closed(tab);
      await program.stop();
    }
  });
  await report.check("another version is turned away, and a frame of another length closes the line", async () => {
    const newer = await Program.start({ sdk: standin, version: 2 });
    await opened(browser, newer);
    await newer.closed();
    assert.equal(newer.closeCode, 4001);
    await newer.stop();
    const program = await Program.start({ sdk: standin });
    await opened(browser, program);
    await program.until({ type: "ready" });
    program.sendBytes(Buffer.alloc(960));
    await program.closed();
    assert.equal(program.closeCode, 4002);
    await program.stop();
  });
  await report.check("without an SDK it is ready, says what is missing, and refuses commands by name", async () => {
    const program = await Program.start({});
    const tab = await opened(browser, program);
    const ready = await program.until({ type: "ready" });
    assert.equal(ready.hasSdk, false);
    assert.ok(ready.problem.length > 0);
    assert.equal((await program.refused("environment")).name, "NoSdk");
    await closed(tab);
    await program.stop();
  });
  await report.check("what does not exist is refused by name", async () => {
    const program = await Program.start({ sdk: standin });
    const tab = await opened(browser, program);
    await program.until({ type: "ready" });
    assert.equal((await program.refused("walkOnWater")).name, "WrongCommand");
    assert.equal((await program.refused("__proto__")).name, "WrongCommand");
    assert.equal((await program.refused("mute", { call: 9 })).name, "NoSuchCall");
    assert.equal((await program.refused("join", { agent: 9, meeting: { link: "https://x" }, audio: "raw", muted: true })).name, "NoSuchAgent");
    assert.equal((await program.refused("accept", { incoming: 9, audio: "raw", muted: true })).name, "NoSuchIncomingCall");
    assert.equal((await program.refused("selectSpeaker", { device: "speaker:none" })).name, "NoSuchDevice");
    assert.equal((await program.refused("submitSurvey", { call: 9, overall: null, audio: null })).name, "NoSuchCall");
    await closed(tab);
    await program.stop();
  });
  await report.check("the page may load scripts of its own address alone, and connect nowhere in the clear", async () => {
    const program = await Program.start({ sdk: standin });
    const tab = await opened(browser, program);
    await program.until({ type: "ready" });
    const told = program.mark;
    const outcomes = await tab.evaluate(async () => {
      const script = (src) => new Promise((resolve) => {
        const one = Object.assign(document.createElement("script"), { src, onload: () => resolve("loaded"), onerror: () => resolve("refused") });
        document.head.append(one);
      });
      const inline = Object.assign(document.createElement("script"), { textContent: "window.ran = true" });
      document.head.append(inline);
      return [await script("http://127.0.0.1:1/x.js"), await script("data:text/javascript,0"), String(window.ran), await fetch("http://127.0.0.1:1/").catch(() => "refused")];
    });
    assert.deepEqual(outcomes, ["refused", "refused", "undefined", "refused"]);
    await program.until({ type: "trouble", doing: "keeping the policy" }, "told of the policy", { from: told });
    await closed(tab);
    await program.stop();
  });
  await report.check("a frame is read and written as the fixture has it", async () => {
    const fixture = JSON.parse(readFileSync(new URL("../fixtures/bridge/frame.json", import.meta.url)));
    const { decode, encode } = await import(process.env.FRAME);
    const bytes = Uint8Array.from(Buffer.from(fixture.hex, "hex")).buffer;
    const frame = decode(bytes);
    assert.deepEqual([frame.sequence, frame.call, frame.micros], [fixture.sequence, fixture.call, fixture.micros]);
    assert.deepEqual([...frame.samples.slice(0, 4), frame.samples[479]], [...fixture.first, fixture.last]);
    assert.equal(Buffer.from(encode(frame)).toString("hex"), fixture.hex);
    assert.equal(decode(new ArrayBuffer(975)), null);
  });
}

// What waits to be played, as pure as it is.
export async function playout(report) {
  report.part("what waits to be played to the call");
  const { Playout } = await import(process.env.PLAYOUT);
  const frame = (value) => new Int16Array(480).fill(value);
  const taken = (from, length = 128) => {
    const block = new Float32Array(length).fill(9);
    from.take(block);
    return block;
  };
  await report.check("it begins at the target, and is silent before", async () => {
    const waiting = new Playout(960);
    waiting.put(frame(16384));
    assert.deepEqual([...taken(waiting)], Array(128).fill(0));
    assert.equal(waiting.filled, 480);
    waiting.put(frame(8192));
    assert.deepEqual([...taken(waiting)], Array(128).fill(0.5));
    // A block across two frames.
    taken(waiting, 256);
    const across = taken(waiting);
    assert.deepEqual([across[95], across[96], waiting.filled], [0.5, 0.25, 960 - 512]);
  });
  await report.check("dry, it counts once, is silent, and waits for the target again", async () => {
    const waiting = new Playout(960);
    for (const value of [16384, 16384]) waiting.put(frame(value));
    taken(waiting, 960);
    assert.equal(waiting.underruns, 0);
    for (let times = 0; times < 3; times += 1) assert.deepEqual([...taken(waiting)], Array(128).fill(0));
    assert.deepEqual([waiting.underruns, waiting.filled], [1, 0]);
    waiting.put(frame(16384));
    assert.equal(taken(waiting)[0], 0);
    waiting.put(frame(16384));
    assert.equal(taken(waiting)[0], 0.5);
  });
  await report.check("too full, it drops the oldest", async () => {
    const waiting = new Playout(960);
    for (let n = 1; n <= 9; n += 1) waiting.put(frame(n * 1024));
    assert.deepEqual([waiting.dropped, waiting.filled], [1, 8 * 480]);
    assert.equal(taken(waiting)[0], (2 * 1024) / 32768);
    waiting.clear();
    assert.deepEqual([waiting.filled, taken(waiting)[0]], [0, 0]);
  });
}

// The status with which a stranger's knock is answered.
function knock(url, protocols, origin, host) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, protocols, { origin, headers: { host } });
    socket.on("unexpected-response", (_, { statusCode }) => resolve(statusCode));
    socket.on("open", () => reject(new Error("a stranger came in")));
    socket.on("error", () => {});
  });
}
