// The whole way: a terminal, the page with the stand-in in a browser that the program starts, the embedded service, and a second terminal.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Control } from "../interop/control.mjs";
import { host } from "../interop/host.mjs";
import { Pulse } from "../interop/pulse.mjs";
import { quickest } from "../interop/quickest.mjs";
import { Sidetone } from "../interop/sidetone.mjs";
import { RATE, dbfs, frequencyNear, levelAt, steady } from "../interop/tone.mjs";
import { beside } from "./beside.mjs";
import { bridged, browsers, made } from "./bridged.mjs";
import { presiding } from "./presiding.mjs";
import { relay } from "./relay.mjs";
import { until } from "./until.mjs";

// In milliseconds: a quarter of a second, and what a busy machine takes to tell us; the session's own tests hold it exactly.
const LIMIT = 600;

export async function terminal(report, { standin }) {
  report.part("the program in a terminal, by way of the page");
  const service = await host(["--listen", "127.0.0.1:0"]);
  const way = await relay(service.ready.endpoint);
  const control = new Control(service.ready);
  const scene = { report, standin, way, control, endpoint: service.ready.endpoint };
  try {
    await inside(scene);
    await rated(scene);
    await gone(scene);
    await consent(scene);
    await lobby(scene);
    await tokens(scene);
    await beside(scene);
    await presiding(scene);
    await silent(scene);
  } finally {
    way.stop();
    await service.stop();
  }
}

async function inside(scene) {
  const { report, control, endpoint } = scene;
  const meeting = await made(scene);
  const [near, far] = [new Pulse(), new Pulse()];
  const ada = await bridged(scene, meeting, "Ada", near);
  const ben = await Sidetone.meet(meeting.link, { endpoint, name: "Ben", sound: far });
  try {
    await report.check("it joins, with chat, and both see each other", async () => {
      await ada.line("Joined Design review");
      await ben.line("Joined Design review");
      ada.type("/who\r");
      await ada.line("Ben (External)");
      ben.type("/who\r");
      await ben.line("Ada (External)");
      ada.type("by way of the page\r");
      await ben.line("by way of the page");
    });
    near.speak(700, -20);
    far.speak(1100, -20);
    const [heardNear, heardFar] = [near.listen(), far.listen()];
    await report.check("muted at first: nothing of the microphone arrives", async () => {
      const samples = await heardFar(RATE);
      assert.ok(dbfs(samples) < -60, `${dbfs(samples)}`);
    });
    await report.check("unmuted, sound goes both ways in the right frequency and level", async () => {
      ada.type("/unmute\r");
      ben.type("/unmute\r");
      await ada.line("Microphone on.");
      await ben.line("Microphone on.");
      const there = await steady(() => heardFar(RATE / 2));
      assert.ok(Math.abs(frequencyNear(there, 700) - 700) < 7, `${frequencyNear(there, 700)} Hz`);
      assert.ok(Math.abs(levelAt(there, 700) + 20) < 1.5, `${levelAt(there, 700)} dBFS`);
      // By way of a browser's jitter buffer, which stretches: the level is measured, not its wholeness.
      let back = -Infinity;
      for (let tries = 0; tries < 20 && Math.abs(back + 20) > 1.5; tries += 1) back = levelAt(await heardNear(RATE / 2), 1100);
      assert.ok(Math.abs(back + 20) < 1.5, `${back} dBFS`);
    }, 60);
    await report.check("deafened, nothing is played here, and afterwards it is", async () => {
      ada.type("/deafen on\r");
      await ada.line("Deafened, you hear nothing.");
      let level = 0;
      for (let tries = 0; tries < 20 && level > -60; tries += 1) level = dbfs(await heardNear(RATE / 4));
      assert.ok(level < -60, `${level} dBFS`);
      ada.type("/deafen off\r");
      await ada.line("No longer deafened.");
      for (let tries = 0; tries < 20 && level < -30; tries += 1) level = dbfs(await heardNear(RATE / 4));
      assert.ok(level > -30, `${level} dBFS`);
    });
    await report.check("muted again, nothing arrives", async () => {
      ada.type("/mute\r");
      await ada.line("Muted.");
      let level = 0;
      for (let tries = 0; tries < 20 && level > -60; tries += 1) level = dbfs(await heardFar(RATE / 4));
      assert.ok(level < -60, `${level} dBFS`);
    });
    await report.check("a recording is told when it starts and when it stops", async () => {
      await control.meeting(meeting, "recording", { active: true, byName: "Alice" });
      await ada.line("Notice: recording started");
      await control.meeting(meeting, "recording", { active: false, byName: "Alice" });
      await ada.line("Notice: recording stopped");
    });
    await report.check("hands, reactions, hold, captions, a role, statistics and the end by others", async () => {
      ada.type("/hand\r");
      await ben.until(() => /Ada.*hand/.test(ben.transcript) || (ben.type("/who\r"), false), "saw the hand", 700);
      await control.person(meeting, "Alice", "react", { reaction: "heart" }).catch(() => {});
      ada.type("/hold\r");
      await ada.line("Call: on hold");
      ada.type("/resume\r");
      await ada.line("Call: no longer on hold");
      await ada.until(() => /opus/i.test(ada.transcript) || (ada.type("/stats\r"), false), "told the codec", 1000);
      await control.meeting(meeting, "end");
      await ada.line("ended");
    }, 60);
    await report.check("no token and no secret is in a log, a command line or the environment", async () => {
      const log = readFileSync(join(process.env.WORK, "Ada", "state", "sidetone", "sidetone.log"), "utf8");
      assert.doesNotMatch(log, /eyJ|[0-9a-f]{64}/);
      const lines = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" }).split("\n").filter((line) => line.includes(join(process.env.WORK, "sidetone-call-")));
      assert.ok(lines.length > 0, "the browser is there for a while yet");
      for (const line of lines) assert.doesNotMatch(line, /eyJ|[0-9a-f]{64}/);
    });
  } finally {
    await report.check("it ends with nothing left: no browser, no profile", async () => {
      assert.equal(await ada.quit(), 0);
      assert.equal(browsers().length, 0, browsers().join("\n"));
    });
    await ben.quit();
    await near.stop();
    await far.stop();
  }
}

// The vendor's survey, by command alone.
async function rated(scene) {
  const { report, control, endpoint, way } = scene;
  const meeting = await made(scene);
  const eve = await Sidetone.meet(meeting.link, { endpoint, name: "Eva" });
  const coming = way.stage();
  const ada = await bridged(scene, meeting, "Ari");
  const stage = await coming;
  await report.check("a call is rated when it is over, by command and once; the vendor gets the number and nothing before", async () => {
    await ada.line("Joined Design review");
    ada.type("/rate 4\r");
    await ada.line("/rate is not possible, a call by the vendor's SDK is rated once it is over");
    ada.type("/leave\r");
    await ada.line("you hung up");
    await ada.line("Call: how was it? /rate 1 to 5");
    assert.deepEqual(await stage("surveys"), []);
    await stage("break", "submitSurvey", 500, 1);
    ada.type("/rate 2\r");
    await ada.line("could not rate the call");
    await stage("mend", "submitSurvey");
    ada.type("/rate 4\r");
    await ada.line("Call: rated 4 of 5.");
    assert.deepEqual(await stage("surveys"), [{ overallRating: { score: 4, issues: [] } }]);
    ada.type("/rate 5\r");
    await ada.line("this call was rated already");
    assert.equal((await stage("surveys")).length, 1);
  }, 40);
  await report.check("a call that others ended can be rated too, and the one before not any more", async () => {
    ada.type("/join\r");
    await ada.until(() => ada.news.filter(({ event, state }) => event === "call" && state === "Connected").length > 1, "was in the call again");
    ada.type("/rate 1\r");
    await ada.until(() => ada.transcript.split("is rated once it is over").length > 2, "refused to rate a call that goes on", 0);
    await control.meeting(meeting, "end");
    await ada.until(() => ada.transcript.split("Call: how was it?").length > 2, "asked again");
    ada.type("/rate 1\r");
    await ada.line("Call: rated 1 of 5.");
    assert.equal((await stage("surveys")).at(-1).overallRating.score, 1);
  }, 40);
  await ada.quit();
  await eve.quit();
}

// The browser is killed in mid-call, and then hung.
async function gone(scene) {
  const { report, control, endpoint } = scene;
  const meeting = await made(scene);
  // Whose being there keeps the meeting going.
  const eve = await Sidetone.meet(meeting.link, { endpoint, name: "Eve" });
  await eve.line("Joined Design review");
  await control.meeting(meeting, "recording", { active: true, byName: "Alice" });
  let ada;
  const count = (wanted) => ada.news.filter(({ event, state }) => event === "notice" && state === wanted).length;
  const told = async (times) => ada.until(() => count("active") >= times, "told of the recording", 0, 30_000);
  // How long after the signal it is told that notices are unknown, in milliseconds.
  const unknownAfter = async (signal) => {
    const before = count("unknown");
    for (const pid of browsers()) process.kill(pid, signal);
    const sent = performance.now();
    return (await ada.until(() => count("unknown") > before && performance.now(), "told that notices are unknown")) - sent;
  };
  const inTime = (after, signal) => {
    console.log(`      unknown ${after.toFixed(0)} ms after ${signal}`);
    assert.ok(after < LIMIT, `${after} ms`);
  };
  await report.check("killed in mid-call: notices are unknown at once, and it joins once more", async () => {
    const killed = async () => {
      ada = await bridged(scene, meeting, "Ann");
      await told(1);
      return unknownAfter("SIGKILL");
    };
    inTime(await quickest(LIMIT, killed, () => ada.quit()), "SIGKILL");
    await told(2);
    await ada.until(() => eve.transcript.includes("still here") || (ada.type("/say still here\r"), false), "was heard in the chat again", 1000, 30_000);
  }, 90);
  await report.check("a browser that hangs in mid-call is the same to who listens", async () => {
    const again = () => {
      const before = count("active");
      for (const pid of browsers()) process.kill(pid, "SIGCONT");
      return told(before + 1);
    };
    inTime(await quickest(LIMIT, () => unknownAfter("SIGSTOP"), again), "SIGSTOP");
    await again();
  }, 90);
  await ada.quit();
  await eve.quit();
}

// The program hangs, and its page with nobody behind it leaves the meeting.
async function silent(scene) {
  const { report, control } = scene;
  const meeting = await made(scene);
  await control.post(`/meetings/${encodeURIComponent(meeting.threadId)}/participants`, { name: "Alice" });
  const ada = await bridged(scene, meeting, "Nia");
  const inside = async () => (await control.get(`/meetings/${encodeURIComponent(meeting.threadId)}`)).people.some(({ displayName, isInside }) => displayName.startsWith("Nia") && isInside);
  await report.check("a program that hangs is in no meeting: its page goes by itself, and is begun anew when the program goes on", async () => {
    await ada.line("Joined Design review");
    const pids = execFileSync("pgrep", ["-f", "--", "--name Nia --linear"], { encoding: "utf8" }).split("\n").filter(Boolean).map(Number);
    const program = pids.find((pid) => readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "sidetone");
    assert.ok(program, "the program is found");
    process.kill(program, "SIGSTOP");
    try {
      await until(inside, false);
    } finally {
      process.kill(program, "SIGCONT");
    }
    await ada.until(() => ada.news.filter(({ event, state }) => event === "call" && state === "Connected").length > 1, "was in the call again", 0, 30_000);
    assert.equal(await inside(), true);
  }, 60);
  await ada.quit();
}

// A recording that starts while we wait for the door is told when we are through it.
async function lobby(scene) {
  const { report, control } = scene;
  const meeting = await made(scene, { lobby: "organizer" });
  await control.post(`/meetings/${encodeURIComponent(meeting.threadId)}/participants`, { name: "Alice" });
  const ada = await bridged(scene, meeting, "Abe");
  await report.check("recording started in the lobby: said with the admission, and not as if it began now", async () => {
    await ada.line("lobby");
    await control.meeting(meeting, "recording", { active: true, byName: "Alice" });
    assert.ok(!ada.news.some(({ event, state }) => event === "notice" && state === "active"), "nobody in the lobby is told");
    await control.person(meeting, "Abe", "admit");
    await ada.line("this meeting is being recorded");
  }, 60);
  await ada.quit();
}

// A token ends in mid-call: answered with another, late, and not at all.
async function tokens(scene) {
  const { report, control } = scene;
  const meeting = await made(scene);
  await control.post(`/meetings/${encodeURIComponent(meeting.threadId)}/participants`, { name: "Alice" });
  const ada = await bridged(scene, meeting, "Alma");
  const count = (state) => ada.news.filter(({ event, state: now }) => event === "call" && now === state).length;
  const again = async (before) => ada.until(() => count("Connected") > before, "was in the call again", 0, 30_000);
  // A running call outlives its token; the service ends it when it looks.
  const expire = async () => {
    await control.post("/tokens/expire");
    await control.person(meeting, "Alma", "end", { code: 401, subcode: 10009 });
  };
  await ada.line("Joined Design review");
  await report.check("its token expired in mid-call: another is asked for, and it is in the call again", async () => {
    const before = count("Connected");
    await expire();
    await again(before);
  }, 60);
  await report.check("the next token comes late: it waits, and says when it is back", async () => {
    const before = count("Connected");
    await control.post("/faults", { class: "token", effect: { delay: 3000 }, times: 1 });
    await expire();
    await again(before);
    await ada.until(() => ada.transcript.split("connected again after").length > 2, "said that it is back");
  }, 60);
  await report.check("no token any more: said in words, and the call is over", async () => {
    await control.post("/faults", { class: "token", effect: { refuse: { status: 403 } }, times: 50 });
    await expire();
    await ada.until(() => count("Disconnected") > 0 && /token|signed? in|sign-in/i.test(ada.transcript), "said that there is no token", 0, 40_000);
    await control.ask("DELETE", "/faults");
  }, 60);
  await ada.quit();
}

// Recording is on already, and people must agree.
async function consent(scene) {
  const { report, control } = scene;
  const meeting = await made(scene);
  await control.meeting(meeting, "consent", { required: true });
  const zoe = await Sidetone.meet(meeting.link, { endpoint: scene.endpoint, name: "Zoe" });
  await zoe.line("Joined Design review");
  await control.meeting(meeting, "recording", { active: true, byName: "Alice" });
  const ada = await bridged(scene, meeting, "Amy");
  await report.check("recorded already: told at once, asked for consent, and not heard before it", async () => {
    await ada.line("this meeting is being recorded");
    await ada.line("consent");
    ada.type("/unmute\r");
    await ada.until(() => /not possible|refused|Error/.test(ada.transcript), "refused to unmute");
    ada.type("/consent yes\r");
    await ada.until(() => ada.transcript.includes("you gave your consent"), "said that we consented");
    // What that allows is told a moment later.
    await ada.until(() => ada.transcript.includes("Microphone on.") || (ada.type("/unmute\r"), false), "could unmute", 700);
  }, 60);
  await ada.quit();
  await zoe.quit();
}
