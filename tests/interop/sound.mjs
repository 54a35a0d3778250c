// The sound of the page for guests: its own code against a peer in the same page that answers and sends as a service does.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { launched } from "./chromium.mjs";
import { Control } from "./control.mjs";
import { host } from "./host.mjs";

const PEERS = ["--autoplay-policy=no-user-gesture-required", "--allow-loopback-in-peer-connection"];
// What the microphone hears, and what comes from the far side.
const HEARD = { hertz: 700, amplitude: 0.25 };
const SENT = { hertz: 1000, amplitude: 0.25 };

export async function sound(report) {
  const service = await host(["--listen", "127.0.0.1:0"]);
  try {
    await onService(report, service);
  } finally {
    await service.stop();
  }
}

async function onService(report, { ready }) {
  const check = (name, body, seconds) => report.check(name, body, seconds);
  const control = new Control(ready);
  const tone = join(process.env.WORK, "tone.wav");
  writeFileSync(tone, wave(HEARD));
  const speaking = [...PEERS, "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", `--use-file-for-fake-audio-capture=${tone}`];
  const level = (amplitude) => 20 * Math.log10(amplitude / Math.SQRT2);

  report.part("the page for guests: sound, page to page");
  const browser = await launched({ args: speaking });
  const page = await browser.newPage();
  page.on("pageerror", (error) => console.log(`      page: ${error.stack}`));
  await page.goto(`${ready.endpoint}/meet`);
  const near = (measured, { hertz, amplitude }) => {
    assert.ok(Math.abs(measured.hertz - hertz) < hertz / 100, `${measured.hertz} Hz, not ${hertz}`);
    assert.ok(Math.abs(measured.level - level(amplitude)) < 1, `${measured.level.toFixed(1)} dB, not ${level(amplitude).toFixed(1)}`);
  };

  await check("the page offers one line of sound, in Opus, both ways", async () => {
    const sdp = await page.evaluate(connected, { processing: false, sent: SENT });
    assert.equal(sdp.match(/^m=/gm).length, 1);
    assert.match(sdp, /^a=sendrecv/m);
    assert.match(sdp, /opus\/48000/i);
    assert.doesNotMatch(sdp, /PCMU|G722|telephone-event/i);
  });
  await check("while muted nothing of the microphone arrives", async () => {
    const { level } = await page.evaluate(() => window.loop.far());
    assert.ok(level < -60, `${level.toFixed(1)} dB`);
  });
  await check("switched on, the tone arrives with its frequency and its level", async () => {
    await page.evaluate(() => window.loop.sound.gate(true));
    near(await page.evaluate(() => window.loop.far()), HEARD);
  });
  await check("the far side is heard with its frequency and its level", async () => {
    near(await page.evaluate(() => window.loop.near()), SENT);
  });
  await check("another way is taken without a new call", async () => {
    const [before, after] = await page.evaluate(async () => {
      const before = window.loop.offers.at(-1);
      await window.loop.sound.restart();
      await window.loop.state("connected");
      return [before, window.loop.offers.at(-1)];
    });
    const fragment = (sdp) => /^a=ice-ufrag:(.*)$/m.exec(sdp)[1];
    assert.notEqual(fragment(before), fragment(after));
    near(await page.evaluate(() => window.loop.far()), HEARD);
    near(await page.evaluate(() => window.loop.near()), SENT);
  });
  await check("what is wanted during an offer is offered after it", async () => {
    const more = await page.evaluate(async () => {
      const before = window.loop.offers.length;
      await Promise.all([1, 2, 3].map(() => window.loop.sound.restart()));
      await window.loop.settled();
      return window.loop.offers.length - before;
    });
    assert.equal(more, 2);
  });
  await check("the level of the microphone is said on demand, also while muted", async () => {
    const measured = await page.evaluate(async () => {
      window.loop.sound.gate(false);
      const { level } = await import("/meet/page/microphone.js");
      return level(window.loop.sound.track);
    });
    assert.ok(Math.abs(measured - level(HEARD.amplitude)) < 1, `${measured} dB`);
    const { level: arriving } = await page.evaluate(() => window.loop.far());
    assert.ok(arriving < -60, `${arriving} dB`);
  });
  await check("after the end nothing is held: no connection, no microphone", async () => {
    const state = await page.evaluate(() => {
      const { track } = window.loop.sound;
      window.loop.sound.close();
      return [track.readyState, window.loop.player.srcObject];
    });
    assert.deepEqual(state, ["ended", null]);
  });
  await check("with processing the microphone is asked for echo, noise and gain control", async () => {
    const asked = await page.evaluate(async () => {
      const { capture } = await import("/meet/page/microphone.js");
      const settings = [];
      for (const processing of [true, false]) {
        const track = await capture({ processing });
        const { echoCancellation, noiseSuppression, autoGainControl } = track.getSettings();
        settings.push([Boolean(echoCancellation), noiseSuppression, autoGainControl]);
        track.stop();
      }
      return settings;
    });
    assert.deepEqual(asked, [[true, true, true], [false, false, false]]);
  });
  await check("a meeting without sound says so, and goes on", async () => {
    const made = await control.post("/meetings", { topic: "Quiet", organizer: "Alice", lobby: "everyone", anonymousStart: true });
    const guest = await browser.newPage();
    await guest.goto(made.guestLink);
    await guest.getByLabel("Your name").fill("Ada");
    await guest.keyboard.press("Enter");
    await guest.locator("#meeting").waitFor();
    await guest.locator("#settings > summary").click();
    await guest.getByText("This meeting has no sound yet: its host does not carry any.").waitFor();
    await guest.close();
  });
  await browser.close();

  report.part("the page for guests: without a microphone");
  for (const [what, args, reason] of [
    ["a refused microphone", [...PEERS, "--use-fake-device-for-media-stream"], "the browser was not allowed to use the microphone"],
    ["no microphone", [...PEERS, "--use-fake-ui-for-media-stream"], /there is no microphone|could not be opened|does not answer/],
  ]) {
    await check(`${what} means listening only, with the reason in words`, async () => {
      const other = await launched({ args });
      const made = await control.post("/meetings", { topic: "Listening", organizer: "Alice", lobby: "everyone", anonymousStart: true });
      const guest = await other.newPage();
      await guest.goto(made.guestLink);
      await guest.getByLabel("Your name").fill("Lena");
      await guest.keyboard.press("Enter");
      await guest.getByRole("button", { name: "Listening only, use a microphone" }).waitFor();
      await guest.locator("#settings > summary").click();
      await guest.locator("#sound-state").filter({ hasText: reason }).waitFor();
      assert.match(await guest.locator("#sound-state").textContent(), /Listening only: /);
      const offer = await guest.evaluate(async () => {
        const { Sound } = await import("/meet/page/sound.js");
        let offered;
        const sound = new Sound({ send: (message) => (offered = message.sdp), tell: () => {}, player: new Audio() });
        await sound.start();
        sound.close();
        return offered;
      });
      assert.match(offer, /^a=recvonly/m);
      await other.close();
    });
  }
}

// In the page: its sound, connected to a peer beside it. `far` and `near` measure what arrives on either side.
async function connected({ processing, sent }) {
  const { Sound } = await import("/meet/page/sound.js");
  const { capture } = await import("/meet/page/microphone.js");
  const context = new AudioContext({ sampleRate: 48000 });
  await context.resume();
  const player = document.getElementById("player");
  const states = [];
  const waiting = new Set();
  const loop = (window.loop = { offers: [], states, player });
  const until = (done) => new Promise((resolve) => {
    const look = () => done() && (waiting.delete(look), resolve());
    waiting.add(look);
    look();
  });
  const changed = () => [...waiting].forEach((look) => look());

  const far = new RTCPeerConnection();
  const oscillator = new OscillatorNode(context, { frequency: sent.hertz });
  const gain = new GainNode(context, { gain: sent.amplitude });
  const stream = context.createMediaStreamDestination();
  stream.channelCount = 1;
  oscillator.connect(gain).connect(stream);
  oscillator.start();
  far.addTrack(stream.stream.getAudioTracks()[0], stream.stream);
  const arrived = new Promise((resolve) => (far.ontrack = ({ track }) => resolve(new MediaStream([track]))));
  const gathered = () => new Promise((resolve) => {
    if (far.iceGatheringState === "complete") resolve();
    far.addEventListener("icegatheringstatechange", () => far.iceGatheringState === "complete" && resolve());
  });

  loop.sound = new Sound({
    player,
    tell: (state) => (states.push(state), changed()),
    // What the service does: no candidates are needed of the page, its own stand in the answer.
    send: ({ sdp }) => {
      loop.offers.push(sdp);
      far.setRemoteDescription({ type: "offer", sdp })
        .then(() => far.setLocalDescription())
        .then(gathered)
        .then(() => loop.sound.answer({ sdp: far.localDescription.sdp }))
        .then(changed);
      return true;
    },
  });
  loop.state = (wanted) => until(() => states.at(-1) === wanted || (wanted === "connected" && far.iceConnectionState === "connected"));
  loop.settled = async () => {
    for (let last = -1; last !== loop.offers.length; ) {
      last = loop.offers.length;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  };
  await loop.sound.use(await capture({ processing }));
  await loop.sound.start();
  await until(() => states.includes("connected"));

  // The strongest frequency and the level over a third of a second, once it has settled.
  const measure = async (heard) => {
    const analyser = new AnalyserNode(context, { fftSize: 16384, smoothingTimeConstant: 0 });
    const source = context.createMediaStreamSource(heard);
    source.connect(analyser);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    const samples = new Float32Array(analyser.fftSize);
    analyser.getFloatTimeDomainData(samples);
    const bins = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(bins);
    source.disconnect();
    const top = bins.indexOf(Math.max(...bins));
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    return { hertz: (top * context.sampleRate) / analyser.fftSize, level: 10 * Math.log10(power || 1e-12) };
  };
  const remote = await arrived;
  // A remote track reaches the analyser only while it is played somewhere.
  const sink = Object.assign(new Audio(), { srcObject: remote, muted: true });
  sink.play();
  loop.far = () => measure(remote);
  loop.near = () => measure(player.srcObject);
  return loop.offers[0];
}

// Ten seconds of a tone, 48 kHz mono.
function wave({ hertz, amplitude }) {
  const rate = 48000;
  const data = Buffer.alloc(rate * 10 * 2);
  for (let n = 0; n < rate * 10; n += 1) data.writeInt16LE(Math.round(32767 * amplitude * Math.sin((2 * Math.PI * hertz * n) / rate)), n * 2);
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + data.length, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36);
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}
