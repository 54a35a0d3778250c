// The sound of the page for guests: through the service's mixer from page to page, and between a page and the program in a terminal.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { launched } from "./chromium.mjs";
import { Control } from "./control.mjs";
import { host } from "./host.mjs";
import { Pulse } from "./pulse.mjs";
import { Sidetone } from "./sidetone.mjs";
import { watchFor } from "./watch.mjs";
import { RATE, dbfs, frequencyNear, levelAt, steady, wave } from "./tone.mjs";

const PEERS = ["--autoplay-policy=no-user-gesture-required", "--allow-loopback-in-peer-connection"];
const FAKE = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"];
const ADA = { hertz: 700, level: -20 };
const BEA = { hertz: 1000, level: -20 };
const BOB = { hertz: 1100, level: -20 };
const SILENCE = -60;

export async function sound(report) {
  const service = await host(["--listen", "127.0.0.1:0"]);
  try {
    const scene = new Scene(report, service);
    await pages(scene);
    await terminal(scene);
    await withoutMicrophone(scene);
  } finally {
    await service.stop();
  }
}

// Pages in browsers of their own, as a browser has one microphone.
class Scene {
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

  // A browser whose microphone hears this tone.
  hearing({ hertz, level }) {
    const tone = join(process.env.WORK, `tone-${hertz}.wav`);
    writeFileSync(tone, wave(hertz, level));
    return launched({ args: [...PEERS, ...FAKE, `--use-file-for-fake-audio-capture=${tone}`] });
  }

  async join(browser, made, name, { processing = "off" } = {}) {
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
  const browsers = [await scene.hearing(ADA), await scene.hearing(BEA)];
  const ada = await scene.join(browsers[0], made, "Ada");
  const bea = await scene.join(browsers[1], made, "Bea");
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
    await silent(bea);
    const { packets, perPacket, energy } = await ada.evaluate(sent);
    console.log(`      muted: ${packets} packets in a second, ${perPacket} bytes each, energy ${energy}`);
    assert.ok(packets <= 10, `${packets} packets in a second`);
    assert.equal(energy, 0);
  });
  await scene.check("switched on, the tone arrives with its frequency and its level, and does not come back", async () => {
    await unmute(ada);
    await arrives(bea, ADA);
    assert.ok(dbfs(await heard(ada)) < SILENCE);
  });
  await scene.check("the other way too, at the same time", async () => {
    await unmute(bea);
    await arrives(ada, BEA);
    await arrives(bea, ADA);
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
    await arrives(bea, ADA);
    await arrives(ada, BEA);
  });
  await scene.check("what is wanted during an offer is offered after it", async () => {
    const before = (await ada.evaluate(offers)).length;
    await ada.evaluate(() => [1, 2, 3].forEach(() => window.dispatchEvent(new Event("online"))));
    await ada.waitForFunction((wanted) => window.peers[0].offered.length === wanted && window.peers[0].signalingState === "stable", before + 2);
    await arrives(bea, ADA);
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
    await arrives(bea, ADA);
    assert.equal((await ada.evaluate(offers)).length, before);
  });
  await scene.check("a volume is of one person, and follows the arrow keys", async () => {
    await ada.locator("#people-count").click();
    const volume = ada.getByRole("slider", { name: "Volume of Bea (External)" });
    await volume.focus();
    for (let n = 0; n < 5; n += 1) await ada.keyboard.press("ArrowLeft");
    assert.equal(await volume.getAttribute("aria-valuetext"), "50 percent");
    await arrives(ada, { ...BEA, level: BEA.level - 6.02 });
    await arrives(bea, ADA);
    // The same place, by another socket.
    const lost = ada.evaluate(watchFor, ["#standing", "Connection lost since"]);
    await ada.evaluate(() => window.watching);
    await scene.control.post("/drop", { channel: "call", how: "drop" });
    await lost;
    await ada.waitForFunction(() => !document.getElementById("standing").textContent.includes("lost"));
    await arrives(ada, { ...BEA, level: BEA.level - 6.02 });
    await volume.focus();
    for (let n = 0; n < 5; n += 1) await ada.keyboard.press("ArrowRight");
    await arrives(ada, BEA);
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
    await silent(bea);
    await ada.getByRole("button", { name: "On hold, resume" }).click();
    await ada.waitForFunction(() => window.peers.length === 2);
    await connected(ada);
    await arrives(bea, ADA);
    await arrives(ada, BEA);
  });
  await scene.check("the level of the microphone is said on demand, also while muted", async () => {
    await mute(ada);
    await ada.getByRole("button", { name: "Say microphone level" }).click();
    await ada.locator("#sound-answer").filter({ hasText: /^Microphone level -(19|20|21) decibels, good\.$/ }).waitFor();
    await silent(bea);
  });
  await scene.check("after a broken call socket everybody is heard again", async () => {
    await unmute(ada);
    const lost = ada.evaluate(watchFor, ["#standing", "Connection lost since"]);
    await ada.evaluate(() => window.watching);
    await scene.control.post("/drop", { channel: "call", how: "drop" });
    await lost;
    await ada.waitForFunction(() => !document.getElementById("standing").textContent.includes("lost"));
    await arrives(bea, ADA);
    await arrives(ada, BEA);
  });
  await scene.check("after the end nothing is held: no connection, no microphone", async () => {
    await ada.getByRole("button", { name: "Leave" }).click();
    await ada.getByRole("dialog").getByRole("button", { name: "Leave" }).click();
    await ada.locator("#ended").waitFor();
    const held = await ada.evaluate(() => [window.peers.map((peer) => peer.connectionState), window.tracks.map((track) => track.readyState), document.getElementById("player").srcObject]);
    assert.deepEqual(held, [["closed", "closed"], ["ended"], null]);
    await silent(bea);
  });
  await scene.check("the microphone is asked for echo, noise and gain control, unless for measuring", async () => {
    const processed = await scene.join(browsers[0], made, "Cleo", { processing: "on" });
    const asked = (page) => page.evaluate(() => {
      const { echoCancellation, noiseSuppression, autoGainControl } = window.tracks[0].getSettings();
      return [Boolean(echoCancellation), noiseSuppression, autoGainControl];
    });
    assert.deepEqual(await asked(processed), [true, true, true]);
    assert.deepEqual(await asked(bea), [false, false, false]);
  });
  for (const browser of browsers) await browser.close();
}

async function terminal(scene) {
  scene.report.part("the page for guests: sound between a terminal and a browser");
  const made = await scene.meeting("Terminal and page");
  const server = new Pulse();
  try {
    const browser = await scene.hearing(ADA);
    const ada = await scene.join(browser, made, "Ada");
    const bob = await Sidetone.meet(made.link, { endpoint: scene.endpoint, name: "Bob with sound", sound: server });
    const speaker = server.listen();
    const second = () => speaker(RATE);
    const muted = async (name) => {
      await second();
      const level = dbfs(await speaker(2 * RATE));
      assert.ok(level < SILENCE, `${name}: ${level.toFixed(1)} dBFS`);
    };
    server.speak(BOB.hertz, BOB.level);
    await scene.check("they are in one meeting, muted, and neither hears the other", async () => {
      await bob.line("Joined Terminal and page");
      await connected(ada);
      await silent(ada);
      await muted("at the terminal");
    });
    await scene.check("what the terminal says is heard in the browser", async () => {
      bob.type("/unmute\r");
      await bob.line("Microphone on.");
      await arrives(ada, BOB);
    });
    await scene.check("what the browser says is heard beside the terminal, both at the same time", async () => {
      await unmute(ada);
      near("terminal", await steady(second), ADA);
      await arrives(ada, BOB);
    });
    await scene.check("muted again, nothing arrives on either side", async () => {
      await mute(ada);
      await muted("at the terminal");
      bob.type("/mute\r");
      await bob.line("Muted.");
      await silent(ada);
    });
    await scene.check("the terminal leaves and the browser is told", async () => {
      assert.equal(await bob.quit(), 0);
      await ada.locator("#log").filter({ hasText: "Bob with sound (External) left" }).waitFor();
    });
    await browser.close();
  } finally {
    await server.stop();
  }
}

async function withoutMicrophone(scene) {
  scene.report.part("the page for guests: without a microphone");
  const speaking = await scene.hearing(BEA);
  for (const [what, args, reason] of [
    ["a refused microphone", [...PEERS, "--use-fake-device-for-media-stream"], "the browser was not allowed to use the microphone"],
    ["no microphone", [...PEERS, "--use-fake-ui-for-media-stream"], /there is no microphone|could not be opened|does not answer/],
  ]) {
    await scene.check(`${what} means listening only, with the reason in words`, async () => {
      const other = await launched({ args });
      const made = await scene.meeting("Listening");
      const lena = await scene.join(other, made, "Lena");
      await lena.getByRole("button", { name: "Listening only, use a microphone" }).waitFor();
      await lena.locator("#settings > summary").click();
      await lena.locator("#sound-state").filter({ hasText: reason }).waitFor();
      assert.match(await lena.locator("#sound-state").textContent(), /Listening only: /);
      await connected(lena);
      assert.match((await lena.evaluate(offers))[0], /^a=recvonly/m);
      const bea = await scene.join(speaking, made, "Bea");
      await connected(bea);
      await unmute(bea);
      await arrives(lena, BEA);
      await bea.close();
      await other.close();
    });
  }
  await speaking.close();
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

// The last two thirds of a second of what the page plays, half a second after what was asked before.
const heard = async (page) => Float32Array.from(await page.evaluate(playing));

async function arrives(page, tone) {
  near("page", await steady(() => heard(page)), tone);
}

async function silent(page) {
  await heard(page);
  const level = dbfs(await heard(page));
  assert.ok(level < SILENCE, `${level.toFixed(1)} dBFS`);
}

function near(where, samples, { hertz, level }) {
  const [frequency, arrived] = [frequencyNear(samples, hertz), levelAt(samples, hertz)];
  console.log(`      ${where}: ${hertz} Hz at ${level} dBFS arrives as ${frequency.toFixed(1)} Hz at ${arrived.toFixed(2)} dBFS`);
  assert.ok(Math.abs(frequency - hertz) < hertz / 100, `${frequency} Hz, not ${hertz}`);
  assert.ok(Math.abs(arrived - level) < 1, `${arrived.toFixed(2)} dBFS, not ${level}`);
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

// In the page: what its player is given, as samples.
async function playing() {
  const context = new AudioContext({ sampleRate: 48000 });
  await context.resume();
  const analyser = new AnalyserNode(context, { fftSize: 32768, smoothingTimeConstant: 0 });
  const stream = document.getElementById("player").srcObject;
  if (stream) context.createMediaStreamSource(stream).connect(analyser);
  await new Promise((resolve) => setTimeout(resolve, 1200));
  const samples = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(samples);
  await context.close();
  return [...samples];
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
