// Raw sound is refused in the middle of a call: another browser, with the devices of the system, joins once more, and plays and captures by itself.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Control } from "../interop/control.mjs";
import { host } from "../interop/host.mjs";
import { Pulse } from "../interop/pulse.mjs";
import { Sidetone } from "../interop/sidetone.mjs";
import { RATE, dbfs, levelAt } from "../interop/tone.mjs";
import { bridged, browsers, made } from "./bridged.mjs";
import { relay } from "./relay.mjs";
import { until } from "./until.mjs";

const remembered = (name) => readFileSync(join(process.env.WORK, name, "state", "sidetone", "remembered.toml"), "utf8");

export async function system(report, { standin }) {
  report.part("the sound devices, where raw sound is refused");
  const service = await host(["--listen", "127.0.0.1:0"]);
  const way = await relay(service.ready.endpoint);
  const control = new Control(service.ready);
  const meeting = await made({ control });
  const [near, far] = [new Pulse(), new Pulse()];
  const ben = await Sidetone.meet(meeting.link, { endpoint: service.ready.endpoint, name: "Ben", sound: far });
  const coming = way.stage();
  const ada = await bridged({ standin, way }, meeting, "Sys", near);
  let stage;
  const begun = async (stage, at) => {
    await until(() => stage(`calls.${at}.state`), "Connected");
    return (await stage("agents.0.begun")).at(-1);
  };
  try {
    await report.check("refused, it says what that means, and is in the meeting once more", async () => {
      await ada.line("Joined Design review");
      const first = await coming;
      const again = way.stage();
      await first("break", "startAudio", 412, 41073);
      await first("calls.0.stopAudio");
      await ada.line("raw sound was refused");
      stage = await again;
      assert.equal((await begun(stage, 0)).options.streams, 0);
      ada.type("/devices\r");
      await ada.line("uses the system's default microphone and speaker itself");
    }, 60);
    near.speak(700, -20);
    far.speak(1100, -20);
    const [heardNear, heardFar] = [near.listen(), far.listen()];
    await report.check("muted still means muted", async () => {
      const samples = await heardFar(RATE);
      assert.ok(dbfs(samples) < -60, `${dbfs(samples)}`);
    });
    const level = async (hear, hertz, wanted) => {
      let found = NaN;
      for (let tries = 0; tries < 20 && !wanted(found); tries += 1) found = levelAt(await hear(RATE / 4), hertz);
      assert.ok(wanted(found), `${found} dBFS at ${hertz} Hz`);
    };
    await report.check("unmuted, the browser's own microphone and speaker carry the sound both ways", async () => {
      ada.type("/unmute\r");
      ben.type("/unmute\r");
      await ada.line("Microphone on.");
      await level(heardFar, 700, (found) => found > -40);
      await level(heardNear, 1100, (found) => found > -40);
    }, 60);
    await report.check("how loud the SDK finds it changes nothing", async () => {
      const said = ada.transcript.length;
      await stage("calls.0.remoteAudioStreams.0.volume.become", { level: 40 }, "levelChanged");
      ada.type("/devices\r");
      await ada.until(() => ada.transcript.slice(said).includes("speaker itself"), "told the devices");
      assert.doesNotMatch(ada.transcript.slice(said), /Error/);
      assert.equal(await stage("calls.0.state"), "Connected");
    });
    await report.check("muted again, nothing arrives", async () => {
      ada.type("/mute\r");
      await ada.line("Muted.");
      await level(heardFar, 700, (found) => found < -60);
    });
    await report.check("the refusal is remembered: the next join has the system's devices from its start, until that is undone", async () => {
      await ada.line("/set audio_mode raw undoes it");
      assert.match(remembered("Sys"), /audio_mode"? = "system"/);
      ada.type("/leave\r");
      await ada.line("you hung up");
      ada.type("/join\r");
      await ada.line("Call: audio_mode is system.");
      await ada.until(() => ada.news.filter(({ event, state }) => event === "call" && state === "Connected").length > 2, "was in the meeting again");
      ada.type("/leave\r");
      await ada.until(() => ada.transcript.split("you hung up").length > 2, "left");
      ada.type("/set audio_mode raw\r");
      await ada.line("audio_mode is raw");
      assert.match(remembered("Sys"), /audio_mode"? = "raw"/);
    }, 60);
    await report.check("only the sound from the call is refused: the same, whatever became of ours", async () => {
      const next = way.stage();
      ada.type("/join\r");
      const raw = await next;
      assert.ok((await begun(raw, 0)).options.streams > 0, "raw sound is tried");
      const again = way.stage();
      await raw("break", "getMediaStream", 412, 41073);
      // Another stream of the call: the page asks for it, and ours is fine all along.
      await raw("calls.0.tone", 440);
      await ada.until(() => ada.transcript.split("raw sound was refused").length > 2, "said that it was refused");
      assert.equal((await begun(await again, 0)).options.streams, 0);
    }, 60);
  } finally {
    await ada.quit();
    assert.equal(browsers().length, 0);
    await ben.quit();
    await near.stop();
    await far.stop();
    way.stop();
    await service.stop();
  }
}
