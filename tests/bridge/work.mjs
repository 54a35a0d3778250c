// A Teams user from end to end: signed in at the directory, exchanged by a token service, in a meeting and in calls, from a terminal by way of the page.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Control } from "../interop/control.mjs";
import { host } from "../interop/host.mjs";
import { Pulse } from "../interop/pulse.mjs";
import { Sidetone } from "../interop/sidetone.mjs";
import { RATE, dbfs, frequencyNear, levelAt, steady } from "../interop/tone.mjs";
import { QUIET, browsers, installed, made } from "./bridged.mjs";
import { relay } from "./relay.mjs";
import { keyed, mayFindPeople, signIn, tokenService } from "./signed.mjs";
import { states, until } from "./until.mjs";

const PHONE = "+14255550123";
const NAME = "Work";

export async function work(report, { standin }) {
  report.part("a Teams user, from the sign-in to the end of a call");
  const service = await host(["--listen", "127.0.0.1:0"]);
  const way = await relay(service.ready.endpoint);
  const tokens = await tokenService(service.ready, way.endpoint);
  const near = new Pulse();
  const control = new Control(service.ready);
  const scene = { report, way, near, control, endpoint: service.ready.endpoint, environment: { ...near.environment, ...keyed(NAME), SIDETONE_NO_VENDOR: undefined, TMPDIR: process.env.WORK } };
  installed(NAME, standin);
  try {
    await report.check("somebody signs in with a work account, and a token service exchanges it", () => signIn(NAME, { service: tokens, graph: `${way.endpoint}/v1.0` }), 30);
    await report.check("more leave, to find people, is asked for and given", () => mayFindPeople(NAME), 30);
    await meeting(scene);
    await refused(scene);
    await calls(scene);
  } finally {
    await near.stop();
    await tokens.stop();
    way.stop();
    await service.stop();
  }
}

const account = ["--account", "work", "--no-check", ...QUIET];

// By its link, beside an external user.
async function meeting({ report, control, way, near, endpoint, environment }) {
  const meeting = await made({ control });
  await control.post("/graph/plant", { meeting: meeting.threadId });
  const far = new Pulse();
  const ben = await Sidetone.meet(meeting.link, { endpoint, name: "Ben", sound: far });
  const { pathname, search } = new URL(meeting.link);
  const coming = way.stage();
  const ada = await Sidetone.start([`${way.endpoint}${pathname}${search}`, "--set", "calls=bridge", ...account], NAME, environment);
  try {
    await report.check("a meeting is joined by its link, with a Teams user's agent and chat", async () => {
      await ada.line("Joined Design review");
      await ben.line("Joined Design review");
      const stage = await coming;
      assert.equal(await stage("agents.0.kind"), "TeamsCallAgent");
      assert.equal(await stage("calls.0.kind"), "TeamsCall");
      ada.type("from work\r");
      await ben.line("from work");
      ben.type("from outside\r");
      await ada.line("from outside");
      ada.type("/who\r");
      await ada.line("Ben (External)");
    }, 60);
    near.speak(700, -20);
    far.speak(1100, -20);
    const [heardNear, heardFar] = [near.listen(), far.listen()];
    await report.check("sound goes both ways once both are unmuted", async () => {
      ada.type("/unmute\r");
      ben.type("/unmute\r");
      await ada.line("Microphone on.");
      await ben.line("Microphone on.");
      const there = await steady(() => heardFar(RATE / 2));
      assert.ok(Math.abs(frequencyNear(there, 700) - 700) < 7, `${frequencyNear(there, 700)} Hz`);
      await heard(heardNear, 1100);
    }, 60);
    await report.check("it is left", async () => {
      ada.type("/leave\r");
      await ada.line("you hung up");
    });
  } finally {
    await ada.quit();
    await ben.quit();
    await far.stop();
  }
}

// Nobody may rely on this program in an emergency; a Teams user has no option for them, whatever the settings say.
async function refused({ report, environment }) {
  await report.check("an emergency number is refused before anything starts", async () => {
    const home = join(process.env.WORK, NAME);
    const env = { ...process.env, ...environment, HOME: home, XDG_RUNTIME_DIR: join(home, "run") };
    for (const kind of ["CONFIG", "DATA", "STATE", "CACHE"]) env[`XDG_${kind}_HOME`] = join(home, kind.toLowerCase());
    for (const more of [[], ["--set", "emergency_country=US"]]) {
      const { code, stderr } = await promisify(execFile)(process.env.SIDETONE, ["call", "911", "--account", "work", ...more], { env }).then(
        () => assert.fail("911 was called"),
        (error) => error,
      );
      assert.equal(code, 2, stderr);
      assert.match(stderr, /must not be relied on/);
    }
  });
}

async function calls({ report, way, near, environment }) {
  const coming = way.stage();
  const ada = await Sidetone.run("call", [PHONE, ...account], NAME, environment);
  const listening = near.listen();
  let stage;
  await report.check("a phone number is called with sidetone call, and is heard", async () => {
    await ada.line(`Call: it rings at ${PHONE}.`);
    stage = await coming;
    // What a caller hears meanwhile.
    // It sounds a second and pauses four.
    await heard(listening, 425, 0.5);
    const [begun] = await stage("agents.0.begun");
    // A Teams user calls one, not a list, and from no number that is named.
    assert.equal(begun.whom.phoneNumber, PHONE);
    assert.equal(begun.isGroup, false);
    assert.equal("alternateCallerId" in begun, false);
    await stage("calls.0.to", "Connected");
    await ada.line(`Call: connected with ${PHONE}.`);
    await ada.line("Microphone on.");
    await stage("calls.0.tone", 440);
    await heard(listening, 440);
  }, 60);
  await report.check("keys of the phone", async () => {
    ada.type("/dtmf 1*\r");
    await ada.line("2 keys pressed.");
    assert.deepEqual(await stage("calls.0.tones"), ["Num1", "Star"]);
  });
  await report.check("a person of the directory is called by name, as a second call, and the two are switched", async () => {
    ada.type("/hold\r");
    await ada.line("Call: on hold.");
    ada.type("/call Bob Lindqvist\r");
    await states(stage, "LocalHold", "Ringing");
    const begun = (await stage("agents.0.begun")).at(-1);
    assert.match(begun.whom.microsoftTeamsUserId, /^b0b/);
    await stage("calls.1.to", "Connected");
    await ada.line("Call: connected with Bob Lindqvist.");
    ada.type("/switch\r");
    await states(stage, "Connected", "LocalHold");
    ada.type("/switch\r");
    await states(stage, "LocalHold", "Connected");
  }, 40);
  await report.check("an emergency number is refused in a call too, and nothing is begun", async () => {
    const before = (await stage("agents.0.begun")).length;
    ada.type("/call 112\r");
    await ada.line("must not be relied on");
    assert.equal((await stage("agents.0.begun")).length, before);
  });
  await report.check("a call is handed on to a number, to a voicemail, and to the call on hold", async () => {
    ada.type("/transfer +14255550188\r");
    await ada.line("Call: handed on to +14255550188.");
    const first = (await stage("calls.1.features.Transfer.targets"))[0];
    assert.equal(first.targetParticipant.phoneNumber, "+14255550188");
    ada.type("/transfer voicemail Bob Lindqvist\r");
    await until(async () => (await stage("calls.1.features.Transfer.targets")).length, 2);
    const second = (await stage("calls.1.features.Transfer.targets"))[1];
    assert.match(JSON.stringify(second.targetParticipantVoicemail), /b0b/);
    ada.type("/transfer held\r");
    await until(async () => (await stage("calls.1.features.Transfer.targets")).length, 3);
    assert.equal((await stage("calls.1.features.Transfer.targets"))[2].targetCallId, await stage("calls.0.id"));
  }, 40);
  await report.check("both are left", async () => {
    ada.type("/leave\r");
    await states(stage, "LocalHold", "Disconnected");
    ada.type("/resume\r");
    await states(stage, "Connected", "Disconnected");
    ada.type("/leave\r");
    await states(stage, "Disconnected", "Disconnected");
  });
  await report.check("a phone calls: it rings here, is answered, and is heard", async () => {
    ada.type("/set receive_calls true\r");
    await ada.line("Calls to you ring here.");
    await stage("agents.-1.ring", { identifier: { kind: "phoneNumber", phoneNumber: PHONE } });
    await ada.line(`Call: ${PHONE} is calling. /accept or /reject.`);
    let ring = -Infinity;
    for (let tries = 0; tries < 40 && ring < -35; tries += 1) ring = dbfs(await listening(RATE / 10));
    assert.ok(ring > -35, `${ring} dBFS while it rings`);
    ada.type("/accept\r");
    await until(() => stage("calls.-1.state"), "Connected");
    assert.equal(await stage("calls.-1.direction"), "Incoming");
    assert.equal(await stage("calls.-1.kind"), "TeamsCall");
    await stage("calls.-1.tone", 620);
    await heard(listening, 620);
    await until(() => stage("calls.-1.isMuted"), false);
  }, 60);
  await report.check("it ends with nothing left, and without a token in the log", async () => {
    assert.equal(await ada.quit(), 0);
    assert.equal(browsers().length, 0, browsers().join("\n"));
    assert.doesNotMatch(readFileSync(join(process.env.WORK, NAME, "state", "sidetone", "sidetone.log"), "utf8"), /eyJ|[0-9a-f]{64}/);
  });
}

// A stretch of it, of which a busy machine may lose a frame here and there. A buffer must find its measure first.
async function heard(listening, hertz, seconds = 2) {
  const shares = [];
  while (shares.length * seconds < 20 && !(shares.at(-1) >= WHOLE)) shares.push(shareOf(await listening(seconds * RATE), hertz));
  const percent = shares.map((share) => `${Math.round(100 * share)} %`).join(", ");
  assert.ok(shares.at(-1) >= WHOLE, `${hertz} Hz is in ${percent} of the frames`);
  console.log(`${hertz} Hz is in ${Math.round(100 * shares.at(-1))} % of the 20 ms frames of ${seconds} s, at try ${shares.length}; ${100 * WHOLE} % are wanted`);
}

// How many of its frames of 20 ms carry the tone, and little else.
function shareOf(samples, hertz) {
  const frames = Array.from({ length: Math.floor(samples.length / FRAME) }, (_, n) => samples.subarray(n * FRAME, (n + 1) * FRAME));
  const carries = (frame) => levelAt(frame, hertz) > -35 && dbfs(frame) - levelAt(frame, hertz) < 1;
  return frames.filter(carries).length / frames.length;
}

const FRAME = RATE / 50;
// A quiet machine gives 96 %, one whose two cores are both busy 85; half as fast a one shall pass as well.
const WHOLE = 0.5;
