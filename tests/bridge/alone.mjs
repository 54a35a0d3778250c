// Everything that the embedded service has not: calls with people and phones, incoming calls, transfer, rooms, devices, words of later versions.
import assert from "node:assert/strict";
import { dbfs, frequencyNear } from "../interop/tone.mjs";
import { closed, opened } from "./browser.mjs";
import { clicks } from "./clicks.mjs";
import { Program } from "./program.mjs";

const ALICE = "8:orgid:00000000-0000-0000-0000-0000000000a1";
const BOB = "8:acs:00000000-0000-0000-0000-0000000000ff_00000000-0000-0000-0000-0000000000b2";
const PHONE = "4:+14255550123";
const ROOM = "19:meeting_room@thread.v2";
const beginning = { audio: "raw", muted: false };
const nobody = { threadId: null, alternateCallerId: null, onBehalfOf: null, customContext: null };

export async function alone(report, scene) {
  report.part("the page in calls that the test plays");
  await environment(report, scene);
  const external = await signedIn(scene, "external");
  await calls(report, external);
  await incoming(report, external);
  await moments(report, external);
  await rooms(report, external);
  await report.check("nothing went wrong unseen", () => gone(external));
  const teams = await signedIn(scene, "teams");
  await ofTeams(report, teams);
  await report.check("nothing went wrong unseen", () => gone(teams));
}

async function signedIn({ browser, standin }, identity) {
  const program = await Program.start({ sdk: standin, token: () => ({ token: token("voip"), expiresOn: null }) });
  const tab = await opened(browser, program);
  await program.until({ type: "ready", hasSdk: true });
  const { agent } = await program.ask("createAgent", { identity, displayName: identity === "external" ? "Ada" : null, emergencyCountry: identity === "external" ? "US" : null });
  await program.until({ type: "tokenWanted", wanted: 1, identity, agent: null });
  if (identity === "external") assert.deepEqual(await tab.evaluate(() => standin.agents[0].options), { displayName: "Ada", emergencyCallOptions: { countryCode: "US" } });
  // The page's calls, by what the stand-in has done.
  const stage = (act, ...args) => tab.evaluate(`(${act})(${args.map((arg) => JSON.stringify(arg)).join(", ")})`);
  return { program, tab, agent, stage };
}

async function gone({ program, tab }) {
  assert.deepEqual(program.said.filter(({ type }) => type === "trouble"), []);
  assert.deepEqual(tab.problems, []);
  await closed(tab);
  await program.stop();
}

async function environment(report, { browser, standin }) {
  await report.check("environment and devices, and what changes in them", async () => {
    const program = await Program.start({ sdk: standin });
    const tab = await opened(browser, program);
    await program.until({ type: "ready" });
    const told = await program.ask("environment");
    assert.deepEqual(Object.keys(told).sort(), ["browser", "browserVersion", "isSupportedBrowser", "isSupportedBrowserVersion", "isSupportedEnvironment", "isSupportedPlatform", "platform"]);
    const { isGranted, devices } = await program.ask("devices");
    assert.equal(isGranted, true);
    assert.ok(devices.microphones.length > 0 && devices.speakers.length > 0 && devices.microphone !== null);
    await program.after(() => tab.evaluate(async () => (await standin.clients[0].getDeviceManager()).plug("Headset")), ({ type, devices }) => type === "devices" && devices.microphones.some(({ name }) => name === "Headset"));
    await program.after(() => program.ask("selectMicrophone", { device: "microphone:Headset" }), { type: "devices", devices: { microphone: "microphone:Headset" } });
    const last = devices.speakers.at(-1).id;
    await program.after(() => program.ask("selectSpeaker", { device: last }), { type: "devices", devices: { speaker: last } });
    assert.equal((await program.refused("selectMicrophone", { device: "microphone:none" })).name, "NoSuchDevice");
    await tab.evaluate(() => standin.break("askDevicePermission", 400, 40613));
    assert.equal((await program.refused("devices")).subCode, 40613);
    assert.deepEqual(tab.problems, []);
    await closed(tab);
    await program.stop();
  });
}

async function calls(report, { program, agent, stage }) {
  const newest = "standin.calls.at(-1)";
  let call;
  await report.check("a call to people and a phone: ringing, early media, connected, with everything that was asked for", async () => {
    const customContext = { userToUser: "order 7", sipHeaders: [{ key: "X-Order", value: "7" }], voipHeaders: [] };
    ({ call } = await program.ask("startCall", { agent, to: [BOB, PHONE], ...nobody, alternateCallerId: "+14255550100", customContext, ...beginning }));
    const begun = await stage(`() => standin.agents[0].begun.at(-1)`);
    assert.deepEqual(begun.options, { muted: false, streams: 1, hasVideo: false });
    assert.deepEqual([begun.isGroup, begun.alternateCallerId.phoneNumber, begun.customContext.userToUser], [true, "+14255550100", "order 7"]);
    assert.deepEqual(begun.whom.map(({ kind }) => kind), ["communicationUser", "phoneNumber"]);
    await program.until({ type: "callState", call, state: "Ringing" });
    await program.until(({ type, call: of, participants }) => type === "roster" && of === call && participants.map(({ id }) => id).join() === [BOB, PHONE].join());
    await program.after(() => stage(`() => ${newest}.to("EarlyMedia")`), { type: "callState", call, state: "EarlyMedia" });
    await stage(`() => ${newest}.tone(440)`);
    // An announcement before anybody answers is heard.
    await tone(program, call, 440);
    await program.after(() => stage(`() => ${newest}.to("Connected")`), { type: "callState", call, state: "Connected" });
    await program.until({ type: "audio", call, mode: "raw", hasPlayback: true });
  });
  await report.check("nothing of the program reaches the call unless it is connected and unmuted, whatever the SDK would send", async () => {
    const microphone = async (wanted) => {
      for (let tries = 0; tries < 20; tries += 1) {
        if ((await stage(`${energy}`)) > 0.01 === wanted) return;
      }
      throw new Error(`the microphone was ${wanted ? "silent" : "not silent"}`);
    };
    const hush = program.speak(call, 700);
    await microphone(true);
    for (const state of ["InLobby", "RemoteHold", "LocalHold", "EarlyMedia"]) {
      await stage(`(state) => ${newest}.to(state)`, state);
      await microphone(false);
      await stage(`() => ${newest}.to("Connected")`);
      await microphone(true);
    }
    await program.ask("mute", { call });
    await microphone(false);
    assert.equal(await stage(`${energy}`), 0);
    await program.ask("unmute", { call });
    await microphone(true);
    hush();
    await microphone(false);
  });
  await report.check("the call's own names change, ours does not", async () => {
    await program.after(() => stage(`() => ${newest}.become({ id: "another" }, "idChanged")`), { type: "call", call, sdkId: "another" });
    await program.after(() => stage(`(id) => ${newest}.become({ callerInfo: { identifier: { kind: "microsoftTeamsUser", microsoftTeamsUserId: "a1", rawId: id }, displayName: "Alice" } }, "callerInfoChanged")`, ALICE), { type: "call", call, caller: { id: ALICE, displayName: "Alice" } });
    assert.match((await program.ask("serverCallId", { call })).serverCallId, /^[A-Za-z0-9+/=]+$/);
    await program.after(() => stage(`() => ${newest}.info.become({ threadId: "19:late@thread.v2" }, "callInfoChanged")`), { type: "callInfo", call, threadId: "19:late@thread.v2" });
  });
  await report.check("tones, and one that is none", async () => {
    for (const tone of ["Num0", "Num9", "Star", "Pound", "A", "D", "Flash"]) await program.ask("sendDtmf", { call, tone });
    assert.deepEqual(await stage(`() => ${newest}.tones`), ["Num0", "Num9", "Star", "Pound", "A", "D", "Flash"]);
    assert.equal((await program.refused("sendDtmf", { call, tone: "Num10" })).code, 400);
  });
  await report.check("people are added, decline, and are removed", async () => {
    await program.after(() => program.ask("addParticipant", { call, who: ALICE, alternateCallerId: null, threadId: null }), { type: "participant", call, participant: { id: ALICE, state: "Ringing" } });
    await program.after(() => stage(`(id) => ${newest}.leave(id, { code: 603, subCode: 0 })`, ALICE), { type: "participantLeft", call, who: ALICE, reason: { code: 603, subCode: 0 } });
    await program.ask("addParticipant", { call, who: "4:+14255550199", alternateCallerId: "+14255550100", threadId: null });
    assert.equal((await program.refused("addParticipant", { call, who: "28:orgid:a-bot", alternateCallerId: null, threadId: null })).name, "WrongCommand");
    await program.after(() => program.ask("removeParticipant", { call, who: "4:+14255550199" }), { type: "participantLeft", call, who: "4:+14255550199", reason: null });
    await stage(`() => standin.break("addParticipant", 403, 5828)`);
    assert.equal((await program.refused("addParticipant", { call, who: BOB, alternateCallerId: null, threadId: null })).subCode, 5828);
    await stage(`() => standin.mend("addParticipant")`);
  });
  await report.check("who shares a screen, and a name or a state that no version knows", async () => {
    await program.after(() => stage(`(id) => ${newest}.participant(id).share(true)`, BOB), { type: "participant", participant: { id: BOB, isSharingScreen: true } });
    await program.after(() => stage(`(id) => ${newest}.participant(id).videoStreams[0].become({ isAvailable: false }, "isAvailableChanged")`, BOB), { type: "participant", participant: { id: BOB, isSharingScreen: false } });
    await stage(`(id) => ${newest}.participant(id).share(false)`, BOB);
    await program.after(() => stage(`(id) => ${newest}.participant(id).become({ role: "Chorister", state: "Levitating", displayName: "Bob B." }, "roleChanged", "stateChanged", "displayNameChanged")`, BOB), {
      type: "participant",
      participant: { id: BOB, role: "Chorister", state: "Levitating", displayName: "Bob B." },
    });
    await program.after(() => stage(`() => ${newest}.to("Levitating")`), { type: "callState", call, state: "Levitating" });
    await stage(`() => ${newest}.to("Connected")`);
    await program.after(
      () => stage(`() => ${newest}.features.Capabilities.overlay([{ name: "walkOnWater", isPresent: false, reason: "NeverHeardOf" }], "Whim")`),
      ({ type, because, capabilities }) => type === "capabilities" && because === "Whim" && capabilities.some(({ name, reason }) => name === "walkOnWater" && reason === "NeverHeardOf"),
    );
  });
  await report.check("a second call: the first waits, sound goes with the one that is active", async () => {
    await program.after(() => program.ask("hold", { call }), { type: "callState", call, state: "LocalHold" });
    const { call: second } = await program.ask("startCall", { agent, to: [PHONE], ...nobody, ...beginning });
    await stage(`() => { ${newest}.to("Connected"); ${newest}.tone(600); }`);
    await tone(program, second, 600);
    assert.ok(!program.frames.slice(-30).some((frame) => frame.call === call));
    await program.ask("hold", { call: second });
    await program.ask("resume", { call });
    await tone(program, call, 440);
    await program.after(() => stage(`() => ${newest}.to("RemoteHold")`), { type: "callState", call: second, state: "RemoteHold" });
    await stage(`() => ${newest}.end(0, 560000)`);
    await program.until({ type: "callEnded", call: second, reason: { code: 0, subCode: 560000 } });
    await tone(program, call, 440);
  });
  await report.check("transfer to a person, a call and a voicemail, done and failed", async () => {
    const { call: second } = await program.ask("startCall", { agent, to: [BOB], ...nobody, ...beginning });
    for (const [to, wanted] of [[{ id: PHONE }, "targetParticipant"], [{ call: second }, "targetCallId"], [{ voicemail: ALICE }, "targetParticipantVoicemail"]]) {
      const from = program.mark;
      const { transfer } = await program.ask("transfer", { call, to });
      for (const state of ["None", "Transferring", "Transferred"]) await program.until({ type: "transfer", call, transfer, state, code: null }, undefined, { from });
      assert.ok(wanted in (await stage(`() => standin.calls.find((one) => one.id === "another").features.Transfer.targets.at(-1)`)), wanted);
    }
    await stage(`() => (standin.transferEnds = "Failed")`);
    const { transfer } = await program.ask("transfer", { call, to: { id: ALICE } });
    await program.until({ type: "transfer", transfer, state: "Failed", code: 403, subCode: 5828 });
    assert.equal((await program.refused("transfer", { call, to: { voicemail: PHONE } })).name, "WrongCommand");
    assert.equal((await program.refused("transfer", { call, to: { call: 99 } })).name, "NoSuchCall");
    await program.ask("hangUp", { call: second, forEveryone: false });
  });
  await report.check("raw that is refused at the very beginning: the call is begun with the sound devices", async () => {
    await stage(`() => {
      const { startCall } = standin.agents[0];
      standin.agents[0].startCall = function (whom, options) {
        if (options.audioOptions.localAudioStreams) {
          standin.break("startCall", 412, 41073);
          try {
            return startCall.call(this, whom, options);
          } finally {
            standin.mend("startCall");
          }
        }
        delete this.startCall;
        return this.startCall(whom, options);
      };
    }`);
    const { call: begun } = await program.ask("startCall", { agent, to: [BOB], ...nobody, ...beginning });
    const told = await program.until({ type: "audio", call: begun, mode: "system", wanted: "raw" });
    assert.equal(told.error.subCode, 41073);
    await program.ask("hangUp", { call: begun, forEveryone: false });
  });
  await report.check("what the bridge adds, there and back: a click through the page and its microphone to its ears", async () => {
    const { call: begun } = await program.ask("startCall", { agent, to: [BOB], ...nobody, ...beginning });
    await stage(`async () => { const call = ${newest}; call.to("Connected"); call.hears(await call.localAudioStreams[0].getMediaStream()); }`);
    await program.until({ type: "audio", call: begun, mode: "raw", hasPlayback: true });
    const took = await clicks(program, begun, 25);
    console.log(`      there and back: ${took[12].toFixed(1)} ms (median), ${took[22].toFixed(1)} ms (p90) of ${took.length}`);
    assert.ok(took[12] < 120, `${took[12]} ms`);
    await program.ask("hangUp", { call: begun, forEveryone: false });
  });
  await report.check("we are transferred: a new call with the sound of the old", async () => {
    const told = await program.after(() => stage(`() => { standin.calls.find((one) => one.id === "another").features.Transfer.accept(); }`), { type: "call", cause: "transfer", from: call });
    await stage(`() => ${newest}.tone(520)`);
    await tone(program, told.call, 520);
    await program.until({ type: "audio", call: told.call, mode: "raw", hasCapture: true });
    await program.ask("hangUp", { call: told.call, forEveryone: false });
    await program.ask("hangUp", { call, forEveryone: false });
    for (const number of [call, told.call]) await program.until({ type: "callEnded", call: number });
  });
  await report.check("a call that nobody asked for is told; operations that fail are told by code", async () => {
    const told = await program.after(() => stage(`() => { standin.agents[0].begin({ state: "Connected" }); }`), { type: "call", cause: "other", from: null });
    for (const [command, operation, code, subCode] of [["mute", "mute", 500, 41015], ["unmute", "unmute", 400, 41016], ["hold", "hold", 500, 41033], ["resume", "resume", 500, 41034], ["hangUp", "hangUp", 500, 10078]]) {
      await stage(`(operation, code, subCode) => standin.break(operation, code, subCode)`, operation, code, subCode);
      const error = await program.refused(command, { call: told.call, forEveryone: false });
      assert.deepEqual([error.code, error.subCode, error.name], [code, subCode, "CallingCommunicationError"]);
      await stage(`(operation) => standin.mend(operation)`, operation);
    }
    await program.ask("hangUp", { call: told.call, forEveryone: false });
    await stage(`() => standin.break("startCall", 403, 5223)`);
    assert.equal((await program.refused("startCall", { agent, to: [ALICE], ...nobody, ...beginning })).subCode, 5223);
    await stage(`() => standin.mend("startCall")`);
    for (const meeting of [{ groupId: "00000000-0000-0000-0000-0000000000c3" }, { roomId: "99123456789012345" }, { meetingId: "264183392744150", passcode: "Mt9xB2N6" }, { link: "https://127.0.0.1:1/l/meetup-join/x/0" }]) {
      const { call: begun } = await program.ask("join", { agent, meeting, audio: "system", muted: true });
      const { locator, options } = await stage(`() => standin.agents[0].begun.at(-1)`);
      assert.deepEqual(locator, "link" in meeting ? { meetingLink: meeting.link } : meeting);
      assert.deepEqual(options, { muted: true, streams: 0, hasVideo: false });
      await program.until({ type: "callEnded", call: begun });
    }
  });
}

async function incoming(report, { program, agent, stage }) {
  const ring = (more = {}) => stage(`(id, more) => { standin.incoming = standin.agents[0].ring({ identifier: { kind: "phoneNumber", phoneNumber: "+14255550123", rawId: id } }, more); }`, PHONE, more);
  await report.check("somebody calls: who, by whom transferred, with which context; accepted, it is a call", async () => {
    const told = await program.after(() => ring({ customContext: { userToUser: "order 7" }, transferorInfo: { displayName: "Front desk" } }), { type: "incoming", agent, kind: "IncomingCall", caller: { id: PHONE, displayName: null }, transferor: { id: null, displayName: "Front desk" }, customContext: { userToUser: "order 7" } });
    await program.after(() => program.ask("refresh"), { type: "incoming", incoming: told.incoming });
    await program.after(() => stage(`() => standin.incoming.become({ callerInfo: { displayName: "Somebody" } }, "callerInfoChanged")`), { type: "incoming", incoming: told.incoming, caller: { id: null, displayName: "Somebody" } });
    const from = program.mark;
    const { call } = await program.ask("accept", { incoming: told.incoming, ...beginning });
    await program.until({ type: "call", call, direction: "Incoming", cause: "command" }, undefined, { from });
    assert.ok(program.said.slice(from).findIndex(({ type }) => type === "done") < program.said.slice(from).findIndex(({ type }) => type === "call"));
    assert.ok(!program.said.slice(from).some(({ type }) => type === "incomingEnded"));
    await program.until({ type: "audio", call, mode: "raw", hasCapture: true });
    assert.equal((await program.refused("accept", { incoming: told.incoming, ...beginning })).name, "NoSuchIncomingCall");
    await program.ask("hangUp", { call, forEveryone: false });
  });
  await report.check("rejected; given up by the caller; answered elsewhere; too late", async () => {
    let { incoming: number } = await program.after(() => ring(), { type: "incoming" });
    await program.after(() => program.ask("reject", { incoming: number }), { type: "incomingEnded", incoming: number, reason: { code: 0, subCode: 603 } });
    ({ incoming: number } = await program.after(() => ring(), { type: "incoming" }));
    await program.after(() => stage(`() => standin.incoming.stop(487, 10003)`), { type: "incomingEnded", incoming: number, reason: { code: 487, subCode: 10003 } });
    ({ incoming: number } = await program.after(() => ring(), { type: "incoming" }));
    await stage(`() => standin.break("accept", 400, 41006)`);
    assert.equal((await program.refused("accept", { incoming: number, ...beginning })).subCode, 41006);
    await stage(`() => standin.mend("accept")`);
    await program.ask("reject", { incoming: number });
    await program.after(() => stage(`() => standin.agents[0].emit("handleIncomingCall", { callId: "x", participantId: "y", code: 408, subCode: 10057 })`), { type: "incomingMissed", agent, reason: { code: 408, subCode: 10057 } });
  });
}

async function moments(report, { program, agent, stage }) {
  const newest = "standin.calls.at(-1)";
  const { call } = await program.ask("startCall", { agent, to: [BOB, ALICE], ...nobody, ...beginning });
  await stage(`() => ${newest}.to("Connected")`);
  await report.check("hands lowered for others, spotlight, who may unmute", async () => {
    await stage(`(ids) => ${newest}.features.RaiseHand.raised(ids.map((id, at) => ({ id, order: at + 1 })))`, [BOB, ALICE]);
    await program.after(() => program.ask("lowerHands", { call, who: [BOB] }), ({ type, raised }) => type === "hands" && raised.length === 1 && raised[0].id === ALICE);
    await program.after(() => program.ask("lowerAllHands", { call }), ({ type, raised }) => type === "hands" && raised.length === 0);
    await program.after(() => program.ask("startSpotlight", { call, who: [BOB] }), { type: "spotlight", call, most: 7, spotlighted: { 0: { id: BOB, order: 1 } } });
    await program.after(() => program.ask("startSpotlight", { call, who: [] }), ({ type, spotlighted }) => type === "spotlight" && spotlighted.length === 2);
    await program.after(() => program.ask("stopSpotlight", { call, who: [BOB] }), ({ type, spotlighted }) => type === "spotlight" && spotlighted.length === 1);
    await program.after(() => program.ask("stopAllSpotlight", { call }), ({ type, spotlighted }) => type === "spotlight" && spotlighted.length === 0);
    await program.after(() => program.ask("forbidAudio", { call, who: [BOB] }), { type: "mediaAccess", call, isAudioPermitted: true, others: { 0: { id: BOB, isAudioPermitted: false } } });
    await program.after(() => program.ask("permitAudio", { call, who: [BOB] }), { type: "mediaAccess", others: { 0: { id: BOB, isAudioPermitted: true } } });
    await program.after(() => program.ask("forbidOthersAudio", { call }), { type: "mediaAccess", isAudioPermitted: false });
    await program.after(() => program.ask("permitOthersAudio", { call }), { type: "mediaAccess", isAudioPermitted: true });
  });
  await report.check("diagnostics, of ours and of others; of the stand-in microphone none", async () => {
    for (const [of, name, value] of [["network", "networkReconnect", 3], ["network", "noNetwork", true], ["media", "microphoneNotMuteButSilent", true], ["media", "somethingNew", false]]) {
      await program.after(() => stage(`(of, name, value) => ${newest}.features.UserFacingDiagnostics[of].say(name, value)`, of, name, value), { type: "diagnostic", call, of, name, value });
    }
    const from = program.mark;
    for (const name of ["noSpeakerDevicesEnumerated", "noMicrophoneDevicesEnumerated", "speakingWhileMicrophoneIsMuted"]) await stage(`(name) => ${newest}.features.UserFacingDiagnostics.media.say(name, true)`, name);
    await program.after(() => stage(`(id) => ${newest}.features.UserFacingDiagnostics.remote.say(id, "serverConnection", false)`, BOB), { type: "remoteDiagnostic", call, who: BOB, name: "serverConnection", value: false });
    assert.ok(!program.said.slice(from).some(({ type }) => type === "diagnostic"));
    await program.ask("sendDiagnostics", { call, on: true });
    assert.equal(await stage(`() => ${newest}.features.UserFacingDiagnostics.remote.isSendingDiagnosticsEnabled`), true);
    await program.ask("sendDiagnostics", { call, on: false });
    assert.equal(await stage(`() => ${newest}.features.UserFacingDiagnostics.remote.isSendingDiagnosticsEnabled`), false);
  });
  await report.check("the other kind of captions, text as it is typed, numbers to dial in with, and the survey", async () => {
    await program.after(() => stage(`() => ${newest}.features.Captions.kindBecomes("Captions")`), { type: "captions", call, kind: "Captions", captionLanguages: {} });
    await program.after(() => stage(`(id) => ${newest}.features.Captions.captions.hear({ id, displayName: "Bob" }, "hello", true, "en-us")`, BOB), { type: "caption", speaker: { id: BOB }, text: "hello", language: "en-us" });
    assert.equal((await program.refused("setCaptionLanguage", { call, language: "fr" })).name, "NotInThisCall");
    await program.after(() => program.ask("sendRealTimeText", { call, text: "hel", isFinal: false }), { type: "realTimeText", sequence: 1, text: "hel", result: "Partial", isLocal: true });
    await program.after(() => program.ask("sendRealTimeText", { call, text: "hello", isFinal: true }), { type: "realTimeText", sequence: 1, text: "hello", result: "Final" });
    assert.deepEqual(await program.ask("dialIn", { call }), {
      conferenceId: "123456789",
      numbers: [{ toll: "+14255550100", tollFree: null, country: "United States", city: "Seattle" }, { toll: null, tollFree: "+18005550100", country: null, city: null }],
    });
    await program.ask("hangUp", { call, forEveryone: false });
    await program.ask("submitSurvey", { call, overall: { score: 5, issues: [] }, audio: { score: 2, issues: ["Echo"] } });
    assert.deepEqual(await stage(`() => standin.surveys.at(-1)`), { overallRating: { score: 5, issues: [] }, audioRating: { score: 2, issues: ["Echo"] } });
  });
}

async function rooms(report, { program, agent, stage }) {
  const { call } = await program.ask("startCall", { agent, to: [BOB], ...nobody, ...beginning });
  await stage(`() => { standin.meeting = standin.calls.at(-1); standin.meeting.to("Connected"); }`);
  await report.check("breakout rooms: assigned, listed, entered by ourselves, and back", async () => {
    await program.after(() => stage(`(room) => standin.meeting.features.BreakoutRooms.assign(room, "Room 1")`, ROOM), { type: "breakoutRooms", call, assigned: { threadId: ROOM, displayName: "Room 1", state: "open", movesByItself: false, call: null } });
    await program.after(() => stage(`() => standin.meeting.features.BreakoutRooms.settle({ disableReturnToMainMeeting: false, roomEndTime: { deltaTimeInMs: 60000 } })`), { type: "breakoutRooms", settings: { disableReturn: false, endsAt: null, endsIn: 60000 } });
    await program.after(() => stage(`(room) => standin.meeting.features.BreakoutRooms.list([room, "Room 1"], ["19:two@thread.v2", "Room 2"])`, ROOM), ({ type, rooms }) => type === "breakoutRooms" && rooms?.length === 2);
    const from = program.mark;
    const { call: inside } = await program.ask("joinBreakoutRoom", { call, threadId: ROOM });
    await program.until({ type: "call", call: inside, cause: "breakoutRoom", from: call }, undefined, { from });
    await program.until({ type: "callState", call, state: "LocalHold" }, undefined, { from });
    await program.until({ type: "callState", call: inside, state: "Connected" }, undefined, { from });
    await program.until({ type: "notice", call: inside, notice: "recording" }, undefined, { from });
    await program.until({ type: "callInfo", call: inside, threadId: ROOM }, undefined, { from });
    await stage(`() => standin.calls.at(-1).tone(480)`);
    await tone(program, inside, 480);
    const back = program.mark;
    assert.equal((await program.ask("returnToMeeting", { call, threadId: ROOM })).call, call);
    await program.until({ type: "callEnded", call: inside }, undefined, { from: back });
    await program.until({ type: "callState", call, state: "Connected" }, undefined, { from: back });
    await program.until({ type: "notice", call, notice: "recording" }, undefined, { from: back });
    assert.equal((await program.refused("joinBreakoutRoom", { call, threadId: "19:none@thread.v2" })).name, "NotInThisCall");
  });
  await report.check("moved into a room, and back when the rooms close", async () => {
    const told = await program.after(() => stage(`() => { const { BreakoutRooms } = standin.meeting.features; BreakoutRooms.enter(BreakoutRooms.assignedBreakoutRooms); }`), { type: "call", cause: "breakoutRoom", from: call });
    await program.until({ type: "breakoutRooms", call, assigned: { call: told.call } });
    await program.after(() => stage(`() => standin.meeting.features.BreakoutRooms.close()`), { type: "callEnded", call: told.call });
    await program.until({ type: "breakoutRooms", call, assigned: null }, undefined, { from: program.mark - 3 });
    await program.ask("hangUp", { call, forEveryone: false });
  });
  await report.check("another page with the SDK in this browser is told of", async () => {
    const elsewhere = "standin.clients[0].feature(standin.features.DebugInfo)";
    await program.after(() => stage(`() => ${elsewhere}.become({ isCallClientActiveInAnotherTab: true }, "isCallClientActiveInAnotherTabChanged")`), { type: "otherPage", isActive: true });
    await program.after(() => stage(`() => ${elsewhere}.become({ isCallClientActiveInAnotherTab: false }, "isCallClientActiveInAnotherTabChanged")`), { type: "otherPage", isActive: false });
  });
}

async function ofTeams(report, { program, agent, stage }) {
  await report.check("a Teams user calls one person, a group, and on behalf of somebody", async () => {
    const begun = () => stage(`() => standin.agents[0].begun.at(-1)`);
    await program.ask("startCall", { agent, to: [ALICE], ...nobody, ...beginning });
    assert.equal((await begun()).isGroup, false);
    const { call } = await program.ask("startCall", { agent, to: [ALICE, PHONE], ...nobody, threadId: ROOM, onBehalfOf: ALICE, ...beginning });
    const group = await begun();
    assert.deepEqual([group.isGroup, group.threadId, group.onBehalfOfOptions.userId.kind], [true, ROOM, "microsoftTeamsUser"]);
    await program.until({ type: "call", call, kind: "TeamsCall" });
    await program.ask("addParticipant", { call, who: "8:orgid:00000000-0000-0000-0000-0000000000b9", alternateCallerId: null, threadId: ROOM });
    for (const [command, members] of [["startCall", { agent, to: [BOB], ...nobody, ...beginning }], ["startCall", { agent, to: [ALICE], ...nobody, onBehalfOf: PHONE, ...beginning }], ["join", { agent, meeting: { roomId: "99123456789012345" }, ...beginning }], ["addParticipant", { call, who: BOB, alternateCallerId: null, threadId: null }]]) {
      assert.equal((await program.refused(command, members)).name, "WrongCommand", command);
    }
  });
  await report.check("a Teams user is called, and an emergency call says that it is one", async () => {
    const { incoming: number } = await program.after(() => stage(`(id) => { standin.agents[0].ring({ identifier: { kind: "microsoftTeamsUser", microsoftTeamsUserId: "a1", rawId: id }, displayName: "Alice" }); }`, ALICE), { type: "incoming", kind: "TeamsIncomingCall", caller: { id: ALICE, displayName: "Alice" } });
    const { call } = await program.ask("accept", { incoming: number, ...beginning });
    await program.until({ type: "call", call, kind: "TeamsCall", direction: "Incoming" });
    await program.after(() => stage(`() => standin.calls.at(-1).become({ isEmergencyCall: true }, "callerInfoChanged")`), { type: "call", call, isEmergency: true });
    await program.ask("close");
    await program.until({ type: "bye", because: "command" });
  });
}

// Sound of this frequency comes in this call's frames.
async function tone(program, call, hertz) {
  let last;
  for (let tries = 0; tries < 20; tries += 1) {
    const heard = await program.hear(call, 40);
    last = [dbfs(heard), frequencyNear(heard, hertz)];
    if (last[0] > -25 && Math.abs(last[1] - hertz) < hertz / 100) return;
  }
  throw new Error(`no ${hertz} Hz in call ${call}: the last was ${last[1]} Hz at ${last[0]} dBFS`);
}

// How loud the microphone is that the newest call was given, at its source.
async function energy() {
  const stream = await standin.calls.at(-1).localAudioStreams[0].getMediaStream();
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 8192 });
  context.createMediaStreamSource(stream).connect(analyser);
  await new Promise((resolve) => setTimeout(resolve, 250));
  const samples = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(samples);
  await context.close();
  return samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
}

// A token as the SDK reads it; nobody checks its signature here.
function token(acsScope) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part({ exp: Math.floor(Date.now() / 1000) + 3600, acsScope, skypeid: "acs:x_y" })}.${part("none")}`;
}
