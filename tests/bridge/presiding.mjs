// What whoever presides does by command, from a terminal by way of the page; each is looked for where it takes effect: in the meeting or in the SDK.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bridged, made } from "./bridged.mjs";
import { until } from "./until.mjs";

const NAME = "Pia";

export async function presiding(scene) {
  const { report, control, way } = scene;
  const meeting = await made(scene, { lobby: "organizer" });
  const path = `/meetings/${encodeURIComponent(meeting.threadId)}`;
  const comes = async (name) => (await control.post(`${path}/participants`, { name, external: true, admit: false })).id;
  const act = (who, what, body) => control.person(meeting, who, what, body);
  // Whether somebody is in the meeting: true, false at its door, and undefined elsewhere.
  const inside = async (name) => (await control.get(path)).people.find(({ displayName }) => displayName.startsWith(name))?.isInside;
  await control.post(`${path}/participants`, { name: "Alice" });
  const coming = way.stage();
  const pia = await bridged(scene, meeting, NAME);
  const stage = await coming;
  const inPage = async (name) => (await stage("calls.0.remoteParticipants")).find(({ displayName }) => displayName.startsWith(name));
  try {
    await report.check("who waits at the door is let in by name, refused by name, and let in with all the others", async () => {
      await pia.line("lobby");
      await act(NAME, "admit");
      await pia.line("Joined Design review");
      await act(NAME, "role", { role: "presenter" });
      await pia.line("presenter");
      await comes("Finn");
      await pia.line("Lobby: Finn (External) is waiting. /admit Finn");
      for (const name of ["Gwen", "Hans", "Ines"]) await comes(name);
      await pia.until(() => /Ines \(External\), waiting/.test(pia.transcript) || (pia.type("/who\r"), false), "saw them at the door", 700);
      pia.type("/admit Finn\r");
      await until(() => inside("Finn"), true);
      assert.equal(await inside("Gwen"), false);
      pia.type("/reject Gwen\r");
      await until(() => inside("Gwen"), undefined);
      pia.type("/admit\r");
      await until(() => inside("Hans"), true);
      await until(() => inside("Ines"), true);
    }, 60);
    await report.check("one is muted, then everybody, and one is sent out", async () => {
      for (const name of ["Finn", "Hans"]) await act(name, "unmute");
      await until(async () => (await inPage("Hans")).isMuted, false);
      pia.type("/silence Finn\r");
      await until(async () => (await inPage("Finn")).isMuted, true);
      assert.equal((await inPage("Hans")).isMuted, false);
      pia.type("/silence\r");
      await until(async () => (await inPage("Hans")).isMuted, true);
      pia.type("/remove Finn\r");
      await until(() => inside("Finn"), undefined);
      assert.equal(await inside("Hans"), true);
    });
    await report.check("in the spotlight, by name: put there and taken out", async () => {
      pia.type("/spotlight Hans\r");
      await pia.line("Hans (External) is in the spotlight.");
      pia.type("/unspotlight Hans\r");
      await pia.line("Hans (External) is no longer in the spotlight.");
    });
    await report.check("captions begin by command, are read here, and end by command", async () => {
      pia.type("/captions on\r");
      await until(() => stage("calls.0.features.Captions.captions.isCaptionsFeatureActive"), true);
      await act("Alice", "unmute");
      await act("Alice", "caption", { words: { text: "the budget is fine", isFinal: true, language: "en-us" } });
      await pia.line("the budget is fine");
      pia.type("/captions off\r");
      await until(() => stage("calls.0.features.Captions.captions.isCaptionsFeatureActive"), false);
    });
    await report.check("a hand goes up and down again", async () => {
      pia.type("/raise\r");
      await pia.line("Hand raised.");
      pia.type("/lower\r");
      await pia.line("Hand lowered.");
    });
    await report.check("somebody else mutes us, and that is said as such", async () => {
      pia.type("/unmute\r");
      await pia.line("Microphone on.");
      await act(NAME, "mute");
      await pia.line("Call: somebody muted you.");
      assert.equal(await stage("calls.0.isMuted"), true);
    });
    await report.check("what this program has no words for changes nothing, and what goes wrong in the page is logged without its text", async () => {
      const said = pia.transcript.length;
      await stage("calls.0.features.UserFacingDiagnostics.remote.say", (await inPage("Hans")).identifier.communicationUserId, "serverConnection", false);
      await stage("fail", "of which nobody knows");
      const log = () => readFileSync(join(process.env.WORK, NAME, "state", "sidetone", "sidetone.log"), "utf8");
      await until(async () => /the page met trouble.*doing="?running/.test(log()), true);
      assert.doesNotMatch(log(), /of which nobody knows/);
      pia.type("/raise\r");
      await pia.until(() => pia.transcript.split("Hand raised.").length > 2, "raised the hand once more");
      assert.doesNotMatch(pia.transcript.slice(said), /Error|lost|unknown/);
      assert.equal(await stage("calls.0.state"), "Connected");
    });
  } finally {
    await pia.quit();
  }
}
