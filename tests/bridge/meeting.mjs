// A meeting of the embedded service, joined by the page with the stand-in: every state and moment that the service has, and sound both ways.
import assert from "node:assert/strict";
import { Control } from "../interop/control.mjs";
import { host } from "../interop/host.mjs";
import { dbfs, frequencyNear } from "../interop/tone.mjs";
import { closed, opened } from "./browser.mjs";
import { Program } from "./program.mjs";
import { relay } from "./relay.mjs";

export async function meeting(report, { browser, standin }) {
  report.part("the page in a meeting of the embedded service");
  const service = await host(["--listen", "127.0.0.1:0"]);
  const way = await relay(service.ready.endpoint);
  try {
    const scene = new Scene(report, browser, standin, service.ready, way);
    await inside(scene);
    await lobby(scene);
    await recorded(scene);
    await endings(scene);
    await tokens(scene);
  } finally {
    way.stop();
    await service.stop();
  }
}

class Scene {
  constructor(report, browser, standin, ready, way) {
    Object.assign(this, { report, browser, standin, way });
    this.endpoint = ready.endpoint;
    this.control = new Control(ready);
  }

  check(name, body) {
    return this.report.check(name, body, 60);
  }

  made(options = {}) {
    return this.control.post("/meetings", { topic: "Design review", organizer: "Alice", lobby: "everyone", anonymousStart: true, ...options });
  }

  // By way of the relay: the page is no page of the service.
  link({ link }) {
    const url = new URL(link);
    return `${this.way.endpoint}${url.pathname}${url.search}`;
  }

  async token(name, scopes = ["chat", "voip"]) {
    const answer = await fetch(`${this.endpoint}/v1/token`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ kind: "external", displayName: name, scopes }),
    });
    assert.ok(answer.ok, `token: ${answer.status}`);
    return answer.json();
  }

  // A page with an agent of this name.
  async signedIn(name) {
    const { id, token, expiresOn } = await this.token(name);
    const program = await Program.start({ sdk: this.standin, local: this.way.local, token: () => ({ token, expiresOn: Date.parse(expiresOn) }) });
    const tab = await opened(this.browser, program);
    await program.until({ type: "ready", hasSdk: true });
    const { agent, connection } = await program.ask("createAgent", { identity: "external", displayName: name, emergencyCountry: null });
    assert.equal(connection, "Connected");
    return { id, program, tab, agent };
  }

  async joined(name, meeting, { audio = "raw", muted = false, connected = true } = {}) {
    const person = await this.signedIn(name);
    const { call } = await person.program.ask("join", { agent: person.agent, meeting: { link: this.link(meeting) }, audio, muted });
    if (connected) await person.program.until({ type: "callState", call, state: "Connected" });
    return { ...person, call };
  }

  async gone({ tab, program }) {
    assert.deepEqual(program.said.filter(({ type }) => type === "trouble"), []);
    assert.deepEqual(tab.problems, []);
    await closed(tab);
    await program.stop();
  }
}

async function inside(scene) {
  const { control } = scene;
  const made = await scene.made();
  const alice = (await control.post(`/meetings/${encodeURIComponent(made.threadId)}/participants`, { name: "Alice" })).id;
  const ada = await scene.joined("Ada", made, { muted: true });
  const { program, call } = ada;
  const act = (who, what, body) => control.person(made, who, what, body);
  const both = [ada];
  await scene.check("a join tells what the call is before its states, and notices before Connected", async () => {
    const of = program.said.filter((message) => message.call === call || message.result?.call === call);
    assert.equal(of[0].type, "done");
    assert.deepEqual([of[1].type, of[1].cause, of[1].kind, of[1].direction], ["call", "command", "Call", "Outgoing"]);
    const at = (wanted) => of.findIndex((one) => Object.entries(wanted).every(([key, value]) => one[key] === value));
    for (const notice of ["recording", "transcription"]) assert.ok(at({ type: "notice", notice }) < at({ type: "callState", state: "Connected" }));
    assert.ok(at({ type: "callState", state: "Connecting" }) < at({ type: "callState", state: "Connected" }));
    await program.until({ type: "callInfo", call, threadId: made.threadId });
    await program.until({ type: "role", call, role: "Attendee" });
    await program.until({ type: "muted", call, isMuted: true });
  });
  await scene.check("the roster, and each change in it", async () => {
    await program.until((one) => one.type === "participant" && one.participant.id === alice && one.participant.displayName === "Alice" && one.participant.role === "Organizer");
    let mark = program.mark;
    await act(alice, "unmute");
    await program.until({ type: "participant", participant: { id: alice, isMuted: false } }, undefined, { from: mark });
    await act(alice, "hold");
    await program.until({ type: "participant", participant: { id: alice, state: "Hold" } }, undefined, { from: mark });
    await act(alice, "resume");
    const { id: bob } = await control.post(`/meetings/${encodeURIComponent(made.threadId)}/participants`, { name: "Bob" });
    await program.until({ type: "participant", participant: { id: bob, displayName: "Bob" } }, undefined, { from: mark });
    mark = program.mark;
    await control.meeting(made, "talking", { ids: [alice, bob] });
    await program.until({ type: "dominantSpeakers", ids: { 0: alice, 1: bob } }, undefined, { from: mark });
    await program.until({ type: "participant", participant: { id: alice, isSpeaking: true } }, undefined, { from: mark });
    await act(bob, "leave");
    await program.until({ type: "participantLeft", who: bob }, undefined, { from: mark });
  });
  await scene.check("hands and reactions, of others and our own", async () => {
    await act(alice, "raiseHand");
    await program.until({ type: "hands", raised: { 0: { id: alice } } });
    await program.ask("raiseHand", { call });
    await program.until({ type: "hands", raised: { 0: { id: alice }, 1: { id: ada.id } } });
    await program.after(() => program.ask("lowerHand", { call }), ({ type, raised }) => type === "hands" && raised.length === 1, "lowered the hand");
    await act(alice, "react", { reaction: "heart" });
    await program.until({ type: "reaction", who: alice, reaction: "heart" });
    await program.ask("react", { call, reaction: "applause" });
    await program.until({ type: "reaction", who: ada.id, reaction: "applause" });
  });
  await scene.check("captions and real-time text, partial and final", async () => {
    await program.ask("startCaptions", { call, spokenLanguage: "de-de" });
    await program.until({ type: "captions", kind: "TeamsCaptions", isActive: true, spokenLanguage: "de-de" });
    await act(alice, "unmute");
    await act(alice, "caption", { words: { text: "das Budget", isFinal: false, language: "de-de" } });
    await program.until({ type: "caption", speaker: { id: alice, displayName: "Alice" }, text: "das Budget", result: "Partial" });
    await act(alice, "caption", { words: { text: "das Budget ist gut", isFinal: true, language: "de-de" } });
    await program.until({ type: "caption", text: "das Budget ist gut", result: "Final", spokenLanguage: "de-de" });
    await program.ask("setCaptionLanguage", { call, language: "fr" });
    await program.until({ type: "captions", captionLanguage: "fr" });
    await program.ask("setSpokenLanguage", { call, language: "en-us" });
    await program.until({ type: "captions", spokenLanguage: "en-us" });
    await act(alice, "caption", { words: { text: "thanks", isFinal: true, language: "en-us" } });
    await program.until({ type: "caption", text: "fr: thanks", spokenText: "thanks", language: "fr" });
    await program.after(() => program.ask("stopCaptions", { call }), { type: "captions", isActive: false });
    await act(alice, "text", { words: { text: "typing", isFinal: false, language: null } });
    await program.until({ type: "realTimeText", sender: { id: alice }, text: "typing", result: "Partial", isLocal: false });
    await program.ask("sendRealTimeText", { call, text: "so do I", isFinal: true });
    await program.until({ type: "realTimeText", sender: { id: ada.id }, text: "so do I", result: "Final", isLocal: true });
  });
  await scene.check("role and capabilities, with what is not allowed refused by the SDK's codes", async () => {
    const forbidden = await program.refused("removeParticipant", { call, who: alice });
    assert.equal(forbidden.name, "CallingCommunicationError");
    assert.ok(forbidden.code > 0 && forbidden.message.includes("RoleRestricted") && forbidden.categories.includes("ExpectedError"));
    await act(ada.id, "role", { role: "presenter" });
    await program.until({ type: "role", role: "Presenter" });
    await program.until((one) => one.type === "capabilities" && one.capabilities.some(({ name, isPresent }) => name === "removeParticipant" && isPresent));
    const known = program.said.findLast(({ type }) => type === "capabilities").capabilities;
    assert.equal(known.length, 25);
    const { id: carl } = await control.post(`/meetings/${encodeURIComponent(made.threadId)}/participants`, { name: "Carl" });
    await program.until({ type: "participant", participant: { id: carl } });
    await act(carl, "unmute");
    await program.until({ type: "participant", participant: { id: carl, isMuted: false } });
    await program.after(() => program.ask("muteParticipant", { call, who: carl }), { type: "participant", participant: { id: carl, isMuted: true } });
    await program.ask("muteOthers", { call });
    await program.ask("removeParticipant", { call, who: carl });
    await program.until({ type: "participantLeft", who: carl });
    assert.equal((await program.refused("muteParticipant", { call, who: carl })).name, "NoSuchParticipant");
  });
  await scene.check("raw sound to the call, and none while muted", async () => {
    const bea = await scene.joined("Bea", made, { muted: true });
    both.push(bea);
    await program.until({ type: "audio", call, mode: "raw", hasCapture: true, hasPlayback: true });
    await bea.program.until({ type: "audio", call: bea.call, mode: "raw", hasPlayback: true });
    ada.hush = program.speak(call, 700);
    // Muted: the program sends all the same, and nothing is to be heard.
    await bea.program.hear(bea.call, 100);
    const muted = await bea.program.hear(bea.call, 100);
    assert.ok(dbfs(muted) < -60, `muted: ${dbfs(muted)}`);
    await program.ask("unmute", { call });
    await program.until({ type: "muted", isMuted: false });
    await arrives(bea, 700);
  });
  await scene.check("both ways at once, frames in order and at their pace", async () => {
    const bea = both[1];
    bea.hush = bea.program.speak(bea.call, 1000);
    await bea.program.ask("unmute", { call: bea.call });
    await arrives(ada, 1000);
    await arrives(bea, 700);
    const frames = program.frames.slice(-300);
    frames.slice(1).forEach((frame, n) => assert.equal(frame.sequence, frames[n].sequence + 1));
    const micros = (frames.at(-1).micros - frames[0].micros) / (frames.length - 1);
    assert.ok(Math.abs(micros - 10_000) < 20, `${micros} us a frame`);
    const pace = (frames.at(-1).at - frames[0].at) / (frames.length - 1);
    assert.ok(Math.abs(pace - 10) < 1, `${pace} ms a frame`);
    const count = await program.until(({ type, framesIn, framesOut }) => type === "pcm" && framesIn > 0 && framesOut > 0);
    console.log(`      ${JSON.stringify(program.said.findLast(({ type }) => type === "pcm") ?? count)}`);
  });
  await scene.check("frames of another call are dropped", async () => {
    ada.hush();
    const other = program.speak(call + 7, 500);
    await both[1].program.hear(both[1].call, 60);
    const heard = await both[1].program.hear(both[1].call, 100);
    other();
    assert.ok(dbfs(heard) < -60, `${dbfs(heard)}`);
    ada.hush = program.speak(call, 700);
    await arrives(both[1], 700);
  });
  await scene.check("deafened, no frames come; on hold neither; and afterwards they do", async () => {
    await program.ask("deafen", { call });
    await program.until({ type: "deafened", isDeafened: true });
    await none(program);
    await program.ask("undeafen", { call });
    await arrives(ada, 1000);
    await program.ask("hold", { call });
    await program.until({ type: "callState", state: "LocalHold" });
    await none(program);
    await program.after(() => program.ask("resume", { call }), { type: "callState", state: "Connected" });
    await arrives(ada, 1000);
    await arrives(both[1], 700);
  });
  await scene.check("muted by somebody else", async () => {
    await program.after(() => act(ada.id, "mute"), { type: "muted", isMuted: true });
    await program.until({ type: "mutedByOthers", call });
    await both[1].program.hear(both[1].call, 60);
    assert.ok(dbfs(await both[1].program.hear(both[1].call, 100)) < -60);
    await program.ask("unmute", { call });
    await arrives(both[1], 700);
  });
  await scene.check("the quality of the connection, and statistics of it once a second", async () => {
    await act(ada.id, "quality", { quality: "poor" });
    await program.until({ type: "diagnostic", of: "network", name: "networkReceiveQuality", value: 2 });
    const from = program.mark;
    await program.ask("reportStatistics", { call, on: true });
    await program.until((one) => one.type === "statistics" && one.receive.length > 0 && one.receive[0].codec === "OPUS" && one.receive[0].jitter !== null, undefined, { from });
    await program.ask("reportStatistics", { call, on: false });
    const stopped = program.mark;
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.ok(!program.said.slice(stopped).some(({ type }) => type === "statistics"));
  });
  await scene.check("everything is said again on refresh", async () => {
    const from = program.mark;
    await program.ask("refresh");
    const again = new Set(program.said.slice(from).map(({ type }) => type));
    for (const type of ["agentState", "otherPage", "call", "callState", "callInfo", "role", "muted", "deafened", "notice", "capabilities", "roster", "lobby", "dominantSpeakers", "hands", "spotlight", "mediaAccess", "captions", "breakoutRooms", "diagnostic", "audio"]) {
      assert.ok(again.has(type), type);
    }
  });
  await scene.check("half a raw audio that is refused: the sound devices instead, and the call goes on", async () => {
    await ada.tab.evaluate(() => standin.break("startAudio", 412, 41073, "custom media stream is disabled"));
    await ada.tab.evaluate(() => {
      const [call] = standin.calls;
      const removed = call.localAudioStreams;
      call.localAudioStreams = [];
      call.emit("localAudioStreamsUpdated", { added: [], removed });
    });
    const told = await program.until({ type: "audio", call, mode: "system", wanted: "raw" });
    assert.deepEqual([told.error.name, told.error.code, told.error.subCode], ["CallingCommunicationError", 412, 41073]);
    await none(program);
    assert.equal((await program.ask("useAudio", { call, audio: "raw" })).audio, "system");
    await ada.tab.evaluate(() => standin.mend("startAudio"));
    assert.equal((await program.ask("useAudio", { call, audio: "raw" })).audio, "raw");
    await arrives(ada, 1000);
    await arrives(both[1], 700);
    assert.equal((await program.ask("useAudio", { call, audio: "system" })).audio, "system");
    await ada.tab.evaluate(() => standin.calls[0].remoteAudioStreams[0].volume.become({ level: 40 }, "levelChanged"));
    await program.until({ type: "levels", call, playback: 40 });
  });
  await scene.check("incoming raw audio that is refused at the beginning", async () => {
    const dan = await scene.signedIn("Dan");
    await dan.tab.evaluate(() => standin.break("getMediaStream", 412, 41073));
    const { call } = await dan.program.ask("join", { agent: dan.agent, meeting: { link: scene.link(made) }, audio: "raw", muted: true });
    const told = await dan.program.until({ type: "audio", call, mode: "system", wanted: "raw", hasPlayback: true });
    assert.equal(told.error.subCode, 41073);
    assert.equal(dan.program.said.findLast(({ type }) => type === "callState").state, "Connected");
    await dan.program.ask("hangUp", { call, forEveryone: false });
    await scene.gone(dan);
  });
  await scene.check("hanging up: the end, its reason, the survey, and nothing is kept", async () => {
    await program.ask("hangUp", { call, forEveryone: false });
    await program.until({ type: "callEnded", call, reason: { code: 0, subCode: 0 } });
    assert.ok((await program.ask("submitSurvey", { call, overall: { score: 4, issues: ["HadToRejoin"] }, audio: null })).survey);
    assert.equal((await program.refused("submitSurvey", { call, overall: { score: 9, issues: [] }, audio: null })).code, 400);
    assert.equal((await program.refused("submitSurvey", { call: call + 1, overall: { score: 4, issues: [] }, audio: null })).name, "NoSuchCall");
    assert.equal((await program.refused("mute", { call })).name, "NoSuchCall");
    const last = program.said.filter((one) => one.call === call).at(-1);
    assert.equal(last.type, "callEnded");
    for (const person of both) {
      person.hush();
      await scene.gone(person);
    }
  });
}

async function lobby(scene) {
  const made = await scene.made({ lobby: "organizer" });
  const { control } = scene;
  const alice = (await control.post(`/meetings/${encodeURIComponent(made.threadId)}/participants`, { name: "Alice" })).id;
  assert.ok(alice);
  await scene.check("in the lobby no thread is known and no sound flows; admitted, both", async () => {
    const erin = await scene.joined("Erin", made, { connected: false });
    const { program, call } = erin;
    await program.until({ type: "callState", call, state: "InLobby" });
    const hush = program.speak(call, 700);
    assert.ok(program.said.filter(({ type }) => type === "callInfo").every(({ threadId }) => threadId === null));
    await none(program);
    await control.person(made, erin.id, "admit");
    await program.until({ type: "callState", call, state: "Connected" });
    await program.until({ type: "callInfo", call, threadId: made.threadId });
    await program.hear(call, 20);
    hush();
    scene.erin = erin;
  });
  await scene.check("as presenter: the lobby is seen, admitted one by one or all, and rejected", async () => {
    const { program, call, id } = scene.erin;
    await control.person(made, id, "role", { role: "presenter" });
    await program.until({ type: "role", role: "Presenter" });
    const guests = [];
    for (const name of ["Finn", "Gwen", "Hans"]) guests.push((await control.post(`/meetings/${encodeURIComponent(made.threadId)}/participants`, { name, external: true, admit: false })).id);
    await program.until((one) => one.type === "lobby" && one.waiting?.length === 3);
    await program.ask("admit", { call, who: guests[0] });
    await program.until({ type: "participant", participant: { id: guests[0] } });
    await program.ask("rejectFromLobby", { call, who: guests[1] });
    await program.until((one) => one.type === "lobby" && one.waiting?.length === 1 && one.waiting[0].id === guests[2]);
    const all = () => program.ask("admitAll", { call }).then((done) => assert.deepEqual(done, { admitted: 1, failed: 0 }));
    await program.after(all, (one) => one.type === "lobby" && one.waiting?.length === 0);
    await program.ask("hangUp", { call, forEveryone: false });
    await scene.gone(scene.erin);
  });
  for (const [act, subCode] of [["deny", 5854], ["timeOut", 5855]]) {
    await scene.check(`the end of a lobby: ${act} is 0/${subCode}`, async () => {
      const erin = await scene.joined("Erin", made, { connected: false });
      await erin.program.until({ type: "callState", state: "InLobby" });
      await control.person(made, erin.id, act);
      await erin.program.until({ type: "callEnded", reason: { code: 0, subCode } });
      await scene.gone(erin);
    });
  }
  await scene.check("recording that starts while we wait is told with the admission", async () => {
    const erin = await scene.joined("Erin", made, { connected: false });
    const { program, call } = erin;
    await program.until({ type: "callState", state: "InLobby" });
    await control.meeting(made, "recording", { active: true });
    await control.person(made, erin.id, "admit");
    await program.until({ type: "callState", state: "Connected" });
    const since = performance.now();
    await program.until({ type: "notice", notice: "recording", isActive: true });
    assert.ok(performance.now() - since < 250);
    await program.after(() => control.meeting(made, "recording", { active: false }), { type: "notice", notice: "recording", isActive: false });
    await program.ask("hangUp", { call, forEveryone: false });
    await scene.gone(erin);
  });
}

async function recorded(scene) {
  const made = await scene.made({ consentRequired: true });
  const { control } = scene;
  await control.post(`/meetings/${encodeURIComponent(made.threadId)}/participants`, { name: "Alice" });
  await control.meeting(made, "recording", { active: true });
  await control.meeting(made, "transcription", { active: true });
  await scene.check("already recorded at the join: read, not announced; unmuting is refused until a person agrees", async () => {
    const ada = await scene.joined("Ada", made, { muted: true });
    const { program, call } = ada;
    for (const notice of ["recording", "transcription"]) await program.until({ type: "notice", notice, isActive: true, isConsentRequired: true });
    await program.until((one) => one.type === "capabilities" && one.capabilities.some(({ name, reason }) => name === "unmuteMic" && reason === "ExplicitConsentRequired"));
    const refused = await program.refused("unmute", { call });
    assert.deepEqual([refused.code, refused.subCode], [400, 41016]);
    assert.equal(program.said.findLast(({ type }) => type === "muted").isMuted, true);
    const from = program.mark;
    await program.ask("grantConsent", { call });
    for (const notice of ["recording", "transcription"]) await program.until({ type: "notice", notice, isActive: true, isConsentRequired: false }, undefined, { from });
    await program.ask("unmute", { call });
    await program.until({ type: "muted", isMuted: false });
    await control.meeting(made, "transcription", { active: false });
    await program.until({ type: "notice", notice: "transcription", isActive: false });
    scene.ada = ada;
  });
  await scene.check("notices are said again at every Connected and change of role; a paused recording too", async () => {
    const { program, call, id, tab } = scene.ada;
    let from = program.mark;
    await program.ask("hold", { call });
    await program.ask("resume", { call });
    await program.until({ type: "notice", notice: "recording", isActive: true }, undefined, { from });
    from = program.mark;
    await control.person(made, id, "role", { role: "presenter" });
    await program.until({ type: "notice", notice: "recording", isActive: true }, undefined, { from });
    from = program.mark;
    await tab.evaluate(() => standin.calls[0].features.Recording.part(0, 2));
    await program.until({ type: "notice", notice: "recording", parts: { 0: "Paused" } }, undefined, { from });
    await tab.evaluate(() => standin.calls[0].features.Recording.part(0, 9));
    await program.until({ type: "notice", notice: "recording", parts: { 0: "9" } }, undefined, { from });
    await program.ask("hangUp", { call, forEveryone: false });
    await scene.gone(scene.ada);
  });
}

async function endings(scene) {
  const { control } = scene;
  for (const [what, code, subCode] of [["removed", 0, 5300], ["ended for everyone", 0, 4097], ["a policy", 403, 5221], ["an old token", 495, 4507], ["media lost", 410, 301005]]) {
    await scene.check(`the end by ${what}: ${code}/${subCode}`, async () => {
      const made = await scene.made();
      await control.post(`/meetings/${encodeURIComponent(made.threadId)}/participants`, { name: "Alice" });
      const ada = await scene.joined("Ada", made);
      if (what === "removed") await control.person(made, ada.id, "remove");
      else if (what === "ended for everyone") await control.meeting(made, "end");
      else await control.person(made, ada.id, "end", { code, subcode: subCode });
      await ada.program.until({ type: "callState", state: "Disconnected" });
      await ada.program.until({ type: "callEnded", call: ada.call, reason: { code, subCode } });
      await scene.gone(ada);
    });
  }
  await scene.check("the stage can be reached from afar", async () => {
    const made = await scene.made();
    const ada = await scene.signedIn("Ada");
    const coming = scene.way.stage();
    const link = new URL(scene.link(made));
    link.searchParams.set("stage", "");
    const { call } = await ada.program.ask("join", { agent: ada.agent, meeting: { link: link.href }, audio: "raw", muted: true });
    await ada.program.until({ type: "callState", call, state: "Connected" });
    const stage = await coming;
    await stage("calls.-1.features.UserFacingDiagnostics.network.say", "networkReconnect", 3);
    await ada.program.until({ type: "diagnostic", call, name: "networkReconnect", value: 3 });
    assert.equal(await stage("calls.0.state"), "Connected");
    await assert.rejects(stage("calls.0.nothing.at.all"), /there is no nothing/);
    await stage("calls.-1.end", 410, 301005);
    await ada.program.until({ type: "callEnded", call, reason: { code: 410, subCode: 301005 } });
    await scene.gone(ada);
  });
  await scene.check("a program that vanishes takes its page out of the meeting", async () => {
    const made = await scene.made();
    const ada = await scene.joined("Ada", made);
    const isInside = async () => (await control.get(`/meetings/${encodeURIComponent(made.threadId)}`)).people.some(({ id, isInside }) => id === ada.id && isInside);
    assert.equal(await isInside(), true);
    const start = performance.now();
    ada.program.cut("control");
    while (await isInside()) if (performance.now() - start > 3000) throw new Error("the page is still in the meeting");
    console.log(`      out of the meeting after ${Math.round(performance.now() - start)} ms`);
    await closed(ada.tab);
    await ada.program.stop();
  });
  await scene.check("no such meeting, and no line to the service any more", async () => {
    const ada = await scene.signedIn("Ada");
    const { call } = await ada.program.ask("join", { agent: ada.agent, meeting: { link: `${scene.way.endpoint}/l/meetup-join/19%3ameeting_none%40thread.v2/0` }, audio: "raw", muted: true });
    await ada.program.until({ type: "callEnded", call, reason: { code: 404 } });
    const made = await scene.made();
    await ada.tab.evaluate((endpoint) => (standin.endpoint = endpoint), scene.way.endpoint);
    const { call: next } = await ada.program.ask("join", { agent: ada.agent, meeting: { meetingId: made.meetingId ?? made.id, passcode: made.passcode }, audio: "raw", muted: true });
    await ada.program.until({ type: "callState", call: next, state: "Connected" });
    await control.post("/drop", { channel: "call", how: "drop" });
    await ada.program.until({ type: "callEnded", call: next, reason: { code: 410, subCode: 3112, categories: { 0: "UnexpectedClientError" } } });
    await scene.gone(ada);
  });
  await scene.check("ended for everyone by ourselves needs the role for it", async () => {
    const made = await scene.made();
    await control.post(`/meetings/${encodeURIComponent(made.threadId)}/participants`, { name: "Alice" });
    const ada = await scene.joined("Ada", made);
    assert.ok((await ada.program.refused("hangUp", { call: ada.call, forEveryone: true })).message.includes("RoleRestricted"));
    await control.person(made, ada.id, "role", { role: "organizer" });
    await ada.program.until({ type: "role", role: "Organizer" });
    await ada.program.ask("hangUp", { call: ada.call, forEveryone: true });
    await ada.program.until({ type: "callEnded", reason: { code: 0, subCode: 0 } });
    await scene.gone(ada);
  });
}

async function tokens(scene) {
  const { id, token, expiresOn } = await scene.token("Ada");
  assert.ok(id);
  const attempt = async (given, check) => {
    const program = await Program.start({ sdk: scene.standin, local: scene.way.local, token: given });
    const tab = await opened(scene.browser, program);
    await program.until({ type: "ready" });
    await check(program, tab);
    await scene.gone({ program, tab });
  };
  const create = { identity: "external", displayName: "Ada", emergencyCountry: null };
  await scene.check("a token that is none, one without calls, one that the program refuses, and a second agent", async () => {
    await attempt(() => ({ token: "nonsense", expiresOn: Date.now() + 3e6 }), async (program) => {
      const error = await program.refused("createAgent", create);
      assert.deepEqual([error.name, error.code, error.subCode], ["CallingCommunicationError", 401, 44111]);
    });
    const chat = await scene.token("Ada", ["chat"]);
    await attempt(() => chat.token && { token: chat.token }, async (program) => {
      const error = await program.refused("createAgent", create);
      assert.deepEqual([error.code, error.subCode], [401, 44113]);
    });
    await attempt(() => ({ because: "the sign-in has ended" }), async (program) => {
      const error = await program.refused("createAgent", create);
      assert.deepEqual([error.name, error.message], ["NoToken", "the sign-in has ended"]);
    });
  });
  await scene.check("a token that is renewed in the middle of a call is asked of the program again", async () => {
    let asked = 0;
    // So short that the credential renews it at once.
    const given = () => {
      asked += 1;
      return { token, expiresOn: asked === 1 ? Date.now() + 3_000 : Date.parse(expiresOn) };
    };
    await attempt(given, async (program) => {
      const { agent } = await program.ask("createAgent", create);
      const made = await scene.made();
      const { call } = await program.ask("join", { agent, meeting: { link: scene.link(made) }, audio: "raw", muted: true });
      await program.until({ type: "callState", call, state: "Connected" });
      const again = await program.until({ type: "tokenWanted", wanted: 2 });
      assert.deepEqual([again.identity], ["external"]);
      assert.equal(program.said.findLast(({ type }) => type === "callState").state, "Connected");
      assert.ok(!JSON.stringify(program.said).includes(token));
    });
  });
  await scene.check("without a network an agent is made, Disconnected, and joining fails as documented", async () => {
    await attempt(() => ({ token, expiresOn: Date.parse(expiresOn) }), async (program, tab) => {
      await tab.evaluate(() => (standin.isOffline = true));
      const { agent, connection } = await program.ask("createAgent", create);
      assert.equal(connection, "Disconnected");
      const { call } = await program.ask("join", { agent, meeting: { link: scene.link(await scene.made()) }, audio: "raw", muted: true });
      await program.until({ type: "callState", call, state: "Connecting" });
      await program.until({ type: "callEnded", call, reason: { code: 490, subCode: 4525, message: "NetworkError", categories: { 0: "UnexpectedClientError" } } });
      const mark = program.mark;
      await tab.evaluate(() => standin.agents[0].connection("Connected"));
      await program.until({ type: "agentState", agent, connection: "Connected", because: null }, undefined, { from: mark });
      await tab.evaluate(() => standin.agents[0].connection("Disconnected", "invalidToken"));
      await program.until({ type: "agentState", agent, connection: "Disconnected", because: "invalidToken" });
      await program.ask("disposeAgent", { agent });
      assert.equal(await tab.evaluate(() => standin.agents[0].isDisposed), true);
      assert.equal((await program.refused("disposeAgent", { agent })).name, "NoSuchAgent");
    });
  });
}

// A tone is heard with its frequency; a jitter buffer may need a moment.
async function arrives({ program, call }, hertz) {
  let last;
  for (let tries = 0; tries < 40; tries += 1) {
    const heard = await program.hear(call, 50);
    last = [dbfs(heard), frequencyNear(heard, hertz)];
    if (last[0] > -25 && Math.abs(last[1] - hertz) < hertz / 100) return;
  }
  throw new Error(`no ${hertz} Hz: the last was ${last[1]} Hz at ${last[0]} dBFS`);
}

// No frames come for a while.
async function none(program) {
  await new Promise((resolve) => setTimeout(resolve, 300));
  const before = program.frames.length;
  await new Promise((resolve) => setTimeout(resolve, 400));
  assert.equal(program.frames.length, before);
}
