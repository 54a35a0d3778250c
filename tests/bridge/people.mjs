// People and phones, from a terminal by way of the page: the stand-in plays the other side, and holds what was asked of it.
import assert from "node:assert/strict";
import { host } from "../interop/host.mjs";
import { Sidetone } from "../interop/sidetone.mjs";
import { QUIET, browsers, installed } from "./bridged.mjs";
import { relay } from "./relay.mjs";
import { states, until } from "./until.mjs";

const PHONE = "+14255550123";
const BOB = "8:orgid:00000000-0000-0000-0000-0000000000b2";

export async function people(report, { standin }) {
  report.part("people and phones, by way of the page");
  const service = await host(["--listen", "127.0.0.1:0"]);
  const way = await relay(service.ready.endpoint);
  try {
    await calls(report, standin, way);
  } finally {
    way.stop();
    await service.stop();
  }
}

async function calls(report, standin, way) {
  installed("Cal", standin);
  const coming = way.stage();
  const cal = await Sidetone.run("call", [PHONE, "--endpoint", way.endpoint, "--no-check", ...QUIET], "Cal", { SIDETONE_NO_VENDOR: undefined, TMPDIR: process.env.WORK });
  let stage;
  await report.check("a phone is called: it rings, is answered, and hears us", async () => {
    await cal.line(`Call: it rings at ${PHONE}.`);
    stage = await coming;
    assert.deepEqual((await stage("agents.0.begun"))[0].whom.map(({ phoneNumber }) => phoneNumber), [PHONE]);
    await stage("calls.0.to", "Connected");
    await cal.line(`Call: connected with ${PHONE}.`);
    await cal.line("Microphone on.");
    assert.equal(await stage("calls.0.isMuted"), false);
  }, 60);
  await report.check("keys are pressed, one after the other", async () => {
    cal.type("/dtmf 12#\r");
    await cal.line("3 keys pressed.");
    assert.deepEqual(await stage("calls.0.tones"), ["Num1", "Num2", "Pound"]);
  });
  await report.check("hold and a second call: the first waits, and each comes to the front in turn", async () => {
    cal.type("/hold\r");
    await cal.line("Call: on hold.");
    cal.type("/resume\r");
    await cal.line("Call: no longer on hold.");
    cal.type(`/call ${BOB}\r`);
    await states(stage, "LocalHold", "Ringing");
    await stage("calls.1.to", "Connected");
    await cal.line("Call: connected with somebody.");
    cal.type("/switch\r");
    await states(stage, "Connected", "LocalHold");
  }, 40);
  await report.check("a person is called into the call", async () => {
    cal.type("/add +14255550199\r");
    await cal.line("Call: +14255550199 is being called.");
    await until(async () => (await stage("calls.0.remoteParticipants")).length, 2);
  });
  await report.check("a call is handed on, or is not, and either is said", async () => {
    await stage("set", "transferEnds", "Failed");
    cal.type("/transfer +14255550188\r");
    await cal.line("Error: the call was not handed on to +14255550188");
    await stage("set", "transferEnds", "Transferred");
    cal.type("/transfer held\r");
    await cal.line("Call: handed on to somebody.");
    const [first, second] = await stage("calls.0.features.Transfer.targets");
    assert.equal(first.targetParticipant.phoneNumber, "+14255550188");
    assert.equal(second.targetCallId, await stage("calls.1.id"));
  });
  await report.check("the one in front is left, and the one that waits is taken up and ended by the other side", async () => {
    cal.type("/leave\r");
    await cal.line("Call: somebody is still on hold.");
    cal.type("/resume\r");
    await states(stage, "Disconnected", "Connected");
    await stage("calls.1.end", 0, 560000);
    await cal.line("the phone side hung up");
  });
  await report.check("calls are waited for once that is wanted; one is answered", async () => {
    cal.type("/set receive_calls true\r");
    await cal.line("Calls to you ring here.");
    await stage("agents.-1.ring", { identifier: { kind: "phoneNumber", phoneNumber: PHONE }, displayName: "Dave" });
    await cal.line("Call: Dave is calling. /accept or /reject.");
    cal.type("/accept muted\r");
    await cal.line("Call: connected with Dave.");
    assert.equal(await stage("calls.-1.direction"), "Incoming");
    assert.equal(await stage("calls.-1.isMuted"), true);
  }, 40);
  await report.check("another is refused, and a third is given up", async () => {
    await stage("agents.-1.ring", { displayName: "Eve" });
    await cal.line("Call: Eve is calling.");
    cal.type("/reject\r");
    await cal.line("Call: Eve is refused.");
    await until(async () => (await stage("rung.-1.callEndReason")).subCode, 603);
    await stage("agents.-1.ring", { displayName: "Fay" });
    await cal.line("Call: Fay is calling.");
    await stage("rung.-1.stop", 487, 10004);
    await cal.line("Call: you missed a call of Fay.");
  });
  await report.check("a call that the SDK could not even show is missed all the same", async () => {
    const missed = cal.transcript.split("you missed a call").length;
    await stage("agents.-1.emit", "handleIncomingCall", { callId: "x", participantId: "y", code: 408, subCode: 10057 });
    await cal.until(() => cal.transcript.split("you missed a call").length > missed, "said that a call was missed");
  });
  await report.check("it ends with nothing left", async () => {
    assert.equal(await cal.quit(), 0);
    assert.equal(browsers().length, 0, browsers().join("\n"));
  });
}
