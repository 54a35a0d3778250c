// The sound of the page for guests, from microphones to loudspeakers: through the service's mixer from page to page, and
// between a page and the program in a terminal.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { launched } from "./chromium.mjs";
import { Control } from "./control.mjs";
import { host } from "./host.mjs";
import { Pulse } from "./pulse.mjs";
import { Sidetone } from "./sidetone.mjs";
import { watchFor } from "./watch.mjs";
import { RATE, dbfs, frequencyNear, levelAt, speechLevel, steady } from "./tone.mjs";

const PEERS = ["--autoplay-policy=no-user-gesture-required", "--allow-loopback-in-peer-connection"];
const ADA = { hertz: 700, level: -20 };
const BEA = { hertz: 1000, level: -20 };
const BOB = { hertz: 1100, level: -20 };
const SILENCE = -60;
const CLIPS = new URL("../../src/service/media/clips/", import.meta.url);

export async function sound(report) {
  const service = await host(["--listen", "127.0.0.1:0"]);
  try {
    for (const part of [pages, terminal, voices, withoutMicrophone]) {
      const scene = new Scene(report, service);
      await part(scene).finally(() => scene.close());
    }
  } finally {
    await service.stop();
  }
}

class Scene {
  #open = [];

  constructor(report, { ready }) {
    this.report = report;
    this.endpoint = ready.endpoint;
    this.control = new Control(ready);
  }

  check(name, body, seconds = 60) {
    return this.report.check(name, body, seconds);
  }

  meeting(topic) {
    return this.control.post("/meetings", { topic, organizer: "Alice", lobby: "everyone", anonymousStart: true });
  }

  // A sound server, and what is heard at its speaker.
  desk() {
    const server = new Pulse();
    this.#open.unshift(() => server.stop());
    return { server, ear: server.listen() };
  }

  // A browser whose microphone and speaker are those of a sound server of its own, as a browser has one of each.
  async browsing({ allowed = true, microphone = true } = {}) {
    const { server, ear } = this.desk();
    if (!microphone) server.unplug();
    const args = [...PEERS, ...(allowed ? ["--use-fake-ui-for-media-stream"] : [])];
    const env = { ...process.env, ...server.environment };
    const browser = await launched({ args, env, ignoreDefaultArgs: ["--mute-audio"] });
    this.#open.unshift(() => browser.close());
    return { browser, server, ear };
  }

  // One whose microphone hears this tone.
  async hearing({ hertz, level }) {
    const desk = await this.browsing();
    desk.server.speak(hertz, level);
    return desk;
  }

  // The last that was opened is closed first.
  async close() {
    for (const close of this.#open) await close();
  }

  async join({ browser }, made, name, { processing = "off" } = {}) {
    const page = await browser.newPage();
    page.setDefaultTimeout(20_000);
    page.on("pageerror", (error) => console.log(`      page: ${error.stack}`));
    await page.addInitScript(watched);
    await page.goto(made.guestLink.replace("#", `?processing=${processing}#`));
    await page.getByLabel("Your name").fill(name);
    await page.keyboard.press("Enter");
    await page.locator("#meeting").waitFor();
    return page;
  }
}

async function pages(scene) {
  scene.report.part("the page for guests: sound, page to page through the mixer");
  const made = await scene.meeting("Two pages");
  const [adas, beas] = [await scene.hearing(ADA), await scene.hearing(BEA)];
  const ada = await scene.join(adas, made, "Ada");
  const bea = await scene.join(beas, made, "Bea");
  await scene.check("the page offers one line of sound, in Opus, both ways, and is connected", async () => {
    for (const page of [ada, bea]) await connected(page);
    const sdp = await ada.evaluate(() => window.peers[0].localDescription.sdp);
    assert.equal(sdp.match(/^m=/gm).length, 1);
    assert.match(sdp, /^a=sendrecv/m);
    assert.match(sdp, /opus\/48000/i);
    assert.doesNotMatch(sdp, /PCMU|G722|telephone-event/i);
    await ada.locator("#settings > summary").click();
    await ada.locator("#sound-state").filter({ hasText: "The sound is connected." }).waitFor();
  });
  await scene.check("while muted nothing of the microphone leaves the page or arrives", async () => {
    await silent(beas.ear);
    const { packets, perPacket, energy } = await ada.evaluate(sent);
    console.log(`      muted: ${packets} packets in a second, ${perPacket} bytes each, energy ${energy}`);
    assert.ok(packets <= 10, `${packets} packets in a second`);
    assert.equal(energy, 0);
  });
  await scene.check("switched on, the tone arrives with its frequency and its level, and does not come back", async () => {
    await unmute(ada);
    await arrives(beas.ear, ADA);
    await silent(adas.ear);
  });
  await scene.check("the other way too, at the same time", async () => {
    await unmute(bea);
    await Promise.all([arrives(adas.ear, BEA), arrives(beas.ear, ADA)]);
  });
  await scene.check("another way is taken without a new call", async () => {
    const before = await ada.evaluate(offers);
    await ada.evaluate(() => window.dispatchEvent(new Event("online")));
    await ada.waitForFunction((before) => window.peers[0].offered.length > before && window.peers[0].signalingState === "stable", before.length);
    await connected(ada);
    const after = await ada.evaluate(offers);
    const fragment = (sdp) => /^a=ice-ufrag:(.*)$/m.exec(sdp)[1];
    assert.notEqual(fragment(before.at(-1)), fragment(after.at(-1)));
    assert.equal(await ada.evaluate(() => window.peers.length), 1);
    await Promise.all([arrives(beas.ear, ADA), arrives(adas.ear, BEA)]);
  });
  await scene.check("what is wanted during an offer is offered after it", async () => {
    const before = (await ada.evaluate(offers)).length;
    await ada.evaluate(() => [1, 2, 3].forEach(() => window.dispatchEvent(new Event("online"))));
    await ada.waitForFunction((wanted) => window.peers[0].offered.length === wanted && window.peers[0].signalingState === "stable", before + 2);
    await arrives(beas.ear, ADA);
  });
  await scene.check("a moment's silence of the service makes no new offer", async () => {
    const before = (await ada.evaluate(offers)).length;
    const lost = ada.evaluate(watchFor, ["#standing", "Connection lost since"]);
    await ada.evaluate(() => window.watching);
    let noticed = false;
    lost.then(() => (noticed = true));
    // A page that gets no processor for as long notices nothing, and need not.
    for (let tries = 0; tries < 20 && !noticed; tries += 1) {
      await scene.control.post("/silence", { millis: 600 });
      await new Promise((resolve) => setTimeout(resolve, 1500));
    }
    await lost;
    await ada.waitForFunction(() => !document.getElementById("standing").textContent.includes("lost"));
    await arrives(beas.ear, ADA);
    assert.equal((await ada.evaluate(offers)).length, before);
  });
  await scene.check("a volume is of one person, and follows the arrow keys", async () => {
    await ada.locator("#people-count").click();
    const volume = ada.getByRole("slider", { name: "Volume of Bea (External)" });
    await volume.focus();
    for (let n = 0; n < 5; n += 1) await ada.keyboard.press("ArrowLeft");
    assert.equal(await volume.getAttribute("aria-valuetext"), "50 percent");
    await Promise.all([arrives(adas.ear, { ...BEA, level: BEA.level - 6.02 }), arrives(beas.ear, ADA)]);
    // The same place, by another socket.
    const lost = ada.evaluate(watchFor, ["#standing", "Connection lost since"]);
    await ada.evaluate(() => window.watching);
    await scene.control.post("/drop", { channel: "call", how: "drop" });
    await lost;
    await ada.waitForFunction(() => !document.getElementById("standing").textContent.includes("lost"));
    await arrives(adas.ear, { ...BEA, level: BEA.level - 6.02 });
    await volume.focus();
    for (let n = 0; n < 5; n += 1) await ada.keyboard.press("ArrowRight");
    await arrives(adas.ear, BEA);
  });
  await scene.check("a meter tells the level of who talks, and in words", async () => {
    const meter = ada.getByRole("meter", { name: "Level of Bea (External)" });
    await ada.waitForFunction((level) => Math.abs(document.querySelector('meter[aria-label^="Level of Bea"]').value - level) <= 2, BEA.level);
    assert.match(await meter.getAttribute("aria-valuetext"), /^-(18|19|20|21|22) dB$/);
    await ada.getByRole("button", { name: "Say levels" }).click();
    await ada.locator("#levels-answer").filter({ hasText: /^Bea \(External\) talking -(18|19|20|21|22) dB\.$/ }).waitFor();
  });
  await scene.check("for whoever wants nothing to move no meter does, and the words are there when asked for", async () => {
    await bea.emulateMedia({ reducedMotion: "reduce" });
    await bea.reload();
    await bea.locator("#meeting").waitFor();
    await connected(bea);
    await bea.locator("#people-count").click();
    assert.equal(await bea.getByRole("meter").count(), 0);
    await bea.getByRole("button", { name: "Say levels" }).click();
    await bea.locator("#levels-answer").filter({ hasText: /^Ada \(External\) talking -(18|19|20|21|22) dB\.$/ }).waitFor();
    await unmute(bea);
    await ada.locator("#people-count").click();
  });
  await scene.check("on hold nothing is heard in either direction, and after it everything is again", async () => {
    await ada.getByRole("button", { name: "Hold", exact: true }).click();
    await ada.getByRole("button", { name: "On hold, resume" }).waitFor();
    assert.equal(await ada.evaluate(() => window.peers[0].connectionState), "closed");
    assert.equal(await ada.evaluate(() => document.getElementById("player").srcObject), null);
    await fallsSilent(beas.ear);
    await ada.getByRole("button", { name: "On hold, resume" }).click();
    await ada.waitForFunction(() => window.peers.length === 2);
    await connected(ada);
    await Promise.all([arrives(beas.ear, ADA), arrives(adas.ear, BEA)]);
  });
  await scene.check("the level of the microphone is said on demand, also while muted", async () => {
    await mute(ada);
    await ada.getByRole("button", { name: "Say microphone level" }).click();
    await ada.locator("#sound-answer").filter({ hasText: /^Microphone level -(19|20|21) decibels, good\.$/ }).waitFor();
    await fallsSilent(beas.ear);
  });
  await scene.check("after a broken call socket everybody is heard again", async () => {
    await unmute(ada);
    const lost = ada.evaluate(watchFor, ["#standing", "Connection lost since"]);
    await ada.evaluate(() => window.watching);
    await scene.control.post("/drop", { channel: "call", how: "drop" });
    await lost;
    await ada.waitForFunction(() => !document.getElementById("standing").textContent.includes("lost"));
    await Promise.all([arrives(beas.ear, ADA), arrives(adas.ear, BEA)]);
  });
  await scene.check("after the end nothing is held: no connection, no microphone", async () => {
    await ada.getByRole("button", { name: "Leave" }).click();
    await ada.getByRole("dialog").getByRole("button", { name: "Leave" }).click();
    await ada.locator("#ended").waitFor();
    const held = await ada.evaluate(() => [window.peers.map((peer) => peer.connectionState), window.tracks.map((track) => track.readyState), document.getElementById("player").srcObject]);
    assert.deepEqual(held, [["closed", "closed"], ["ended"], null]);
    await fallsSilent(beas.ear);
  });
}

async function terminal(scene) {
  scene.report.part("the page for guests: sound between a terminal and a browser");
  const made = await scene.meeting("Terminal and page");
  const adas = await scene.hearing(ADA);
  const ada = await scene.join(adas, made, "Ada");
  const bobs = scene.desk();
  const bob = await Sidetone.meet(made.link, { endpoint: scene.endpoint, name: "Bob with sound", sound: bobs.server });
  bobs.server.speak(BOB.hertz, BOB.level);
  await scene.check("they are in one meeting, muted, and neither hears the other", async () => {
    await bob.line("Joined Terminal and page");
    await connected(ada);
    assert.deepEqual(await ada.evaluate(asked), [false, false, false]);
    await Promise.all([silent(adas.ear), silent(bobs.ear)]);
  });
  await scene.check("what the terminal says is heard at the speaker of the browser", async () => {
    bob.type("/unmute\r");
    await bob.line("Microphone on.");
    await arrives(adas.ear, BOB);
  });
  await scene.check("what the browser says is heard at the speaker of the terminal, both at the same time", async () => {
    await unmute(ada);
    await Promise.all([arrives(bobs.ear, ADA), arrives(adas.ear, BOB)]);
  });
  await scene.check("who wants to hear nothing in the browser hears nothing, until they want to again", async () => {
    await ada.locator("#settings > summary").click();
    await ada.getByLabel("Hear nothing").check();
    await fallsSilent(adas.ear);
    await ada.getByLabel("Hear nothing").uncheck();
    await arrives(adas.ear, BOB);
  });
  await scene.check("muted again, nothing arrives on either side", async () => {
    await mute(ada);
    await fallsSilent(bobs.ear);
    bob.type("/mute\r");
    await bob.line("Muted.");
    await fallsSilent(adas.ear);
  });
  await scene.check("the terminal leaves and the browser is told", async () => {
    assert.equal(await bob.quit(), 0);
    await ada.locator("#log").filter({ hasText: "Bob with sound (External) left" }).waitFor();
  });
}

async function voices(scene) {
  scene.report.part("the page for guests: voices that are cleaned, between a terminal and a browser");
  const made = await scene.meeting("Voices");
  const adas = await scene.browsing();
  const ada = await scene.join(adas, made, "Ada", { processing: "on" });
  const bobs = scene.desk();
  const bob = await Sidetone.meet(made.link, { endpoint: scene.endpoint, name: "Bob in words", sound: bobs.server, processing: "on" });
  const words = await spoken(ada);
  await scene.check("what is said in the browser is as loud at the terminal", async () => {
    await bob.line("Joined Voices");
    await connected(ada);
    assert.deepEqual(await ada.evaluate(asked), [true, true, true]);
    await unmute(ada);
    await asLoud(adas, words, -23, bobs);
    await mute(ada);
  });
  await scene.check("what is said at the terminal is as loud in the browser", async () => {
    bob.type("/unmute\r");
    await bob.line("Microphone on.");
    await asLoud(bobs, words, -26, adas);
    assert.equal(await bob.quit(), 0);
  });
}

async function withoutMicrophone(scene) {
  scene.report.part("the page for guests: without a microphone");
  const beas = await scene.hearing(BEA);
  for (const [what, how, reason] of [
    ["a refused microphone", { allowed: false }, "the browser was not allowed to use the microphone"],
    ["no microphone", { microphone: false }, "there is no microphone"],
  ]) {
    await scene.check(`${what} means listening only, with the reason in words`, async () => {
      const lenas = await scene.browsing(how);
      const made = await scene.meeting("Listening");
      const lena = await scene.join(lenas, made, "Lena");
      await lena.getByRole("button", { name: "Listening only, use a microphone" }).waitFor();
      await lena.locator("#settings > summary").click();
      await lena.locator("#sound-state").filter({ hasText: reason }).waitFor();
      assert.match(await lena.locator("#sound-state").textContent(), /Listening only: /);
      await connected(lena);
      assert.match((await lena.evaluate(offers))[0], /^a=recvonly/m);
      const bea = await scene.join(beas, made, "Bea");
      await connected(bea);
      await unmute(bea);
      await arrives(lenas.ear, BEA);
      await bea.close();
      await lenas.browser.close();
    });
  }
}

const connected = (page) => page.waitForFunction(() => ["connected", "completed"].includes(window.peers.at(-1)?.iceConnectionState));

async function unmute(page) {
  await page.getByRole("button", { name: "Muted, unmute" }).click();
  await page.getByRole("button", { name: "LIVE, mute" }).waitFor();
}

async function mute(page) {
  await page.getByRole("button", { name: "LIVE, mute" }).click();
  await page.getByRole("button", { name: "Muted, unmute" }).waitFor();
}

// Half a second of the tone at its level, whole, comes within twenty seconds.
async function arrives(ear, { hertz, level }) {
  // What is on its way is of an earlier moment.
  await ear(RATE / 2);
  const fits = (samples) => Math.abs(levelAt(samples, hertz) - level) < 0.5;
  const samples = await steady(() => ear(RATE / 2), fits);
  const [frequency, arrived] = [frequencyNear(samples, hertz), levelAt(samples, hertz)];
  console.log(`      ${hertz} Hz at ${level} dBFS arrives as ${frequency.toFixed(1)} Hz at ${arrived.toFixed(2)} dBFS`);
  assert.ok(Math.abs(frequency - hertz) < hertz / 100, `${frequency} Hz, not ${hertz}`);
  assert.ok(Math.abs(arrived - level) < 1, `${arrived.toFixed(2)} dBFS, not ${level}`);
}

// For two seconds nothing is heard.
async function silent(ear) {
  const level = dbfs(await ear(2 * RATE));
  assert.ok(level < SILENCE, `${level.toFixed(1)} dBFS`);
}

// What was on its way is over soon, however busy the machine: then nothing comes any more.
async function fallsSilent(ear) {
  for (let tries = 0; tries < 30; tries += 1) {
    if (dbfs(await ear(RATE / 2)) < SILENCE) break;
  }
  await silent(ear);
}

// What the cast of the demo says, ten seconds of it, read by a page.
async function spoken(page) {
  const clips = readdirSync(CLIPS).filter((name) => name.endsWith(".opus")).sort();
  const words = [];
  for (const clip of clips) words.push(JSON.parse(await page.evaluate(decoded, readFileSync(new URL(clip, CLIPS), "base64"))));
  return Float32Array.from(words.flat().slice(0, 10 * RATE));
}

// These words, said over and over at a level of speech, arrive at that level once the way has got used to them.
async function asLoud({ server }, words, level, { ear }) {
  const gain = 10 ** ((level - speechLevel(words)) / 20);
  server.say(words.map((sample) => gain * sample));
  await ear(3 * RATE);
  const arrived = speechLevel(await ear(words.length));
  console.log(`      speech of ${level} dBFS arrives at ${arrived.toFixed(1)} dBFS`);
  assert.ok(Math.abs(arrived - level) < 3, `${arrived.toFixed(1)} dBFS, not ${level}`);
}

// In the page, before its own code: keeps what it opens, to look at.
function watched() {
  window.peers = [];
  window.tracks = [];
  const Own = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Own {
    offered = [];

    constructor(...args) {
      super(...args);
      window.peers.push(this);
    }

    async setLocalDescription(description) {
      await super.setLocalDescription(description);
      if (description?.type === "offer") this.offered.push(description.sdp);
    }
  };
  const media = navigator.mediaDevices;
  const open = media?.getUserMedia.bind(media);
  if (!open) return;
  media.getUserMedia = async (wanted) => {
    const stream = await open(wanted);
    window.tracks.push(...stream.getAudioTracks());
    return stream;
  };
}

const offers = () => window.peers.at(-1).offered;

// In the page: what its microphone does to the sound.
function asked() {
  const { echoCancellation, noiseSuppression, autoGainControl } = window.tracks[0].getSettings();
  return [Boolean(echoCancellation), noiseSuppression, autoGainControl];
}

// In the page: the samples of a clip.
async function decoded(clip) {
  const bytes = Uint8Array.from(atob(clip), (letter) => letter.charCodeAt(0));
  const sound = await new OfflineAudioContext(1, 1, 48000).decodeAudioData(bytes.buffer);
  return JSON.stringify([...sound.getChannelData(0)]);
}

// In the page: what it sends within a second, and the energy of all that was ever given to be sent.
async function sent() {
  const count = async () => {
    const found = { packets: 0, bytes: 0, energy: 0 };
    for (const one of (await window.peers.at(-1).getStats()).values()) {
      if (one.type === "outbound-rtp") Object.assign(found, { packets: one.packetsSent, bytes: one.bytesSent });
      if (one.type === "media-source") found.energy = one.totalAudioEnergy;
    }
    return found;
  };
  const before = await count();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const after = await count();
  const packets = after.packets - before.packets;
  return { packets, perPacket: (after.bytes - before.bytes) / (packets || 1), energy: after.energy };
}
