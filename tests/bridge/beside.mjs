// What a meeting has beside its call, from a terminal by way of the page: rooms, screens, the spotlight, numbers to dial in with.
import assert from "node:assert/strict";
import { Sidetone } from "../interop/sidetone.mjs";
import { bridged, made } from "./bridged.mjs";

const ROOM = "19:room@thread.v2";
const THIRD_ROOM = "19:third-room@thread.v2";
const OTHER_ROOM = "19:another-room@thread.v2";

export async function beside(scene) {
  const { report, control, endpoint, way } = scene;
  const meeting = await made(scene);
  const coming = way.stage();
  const ada = await bridged(scene, meeting, "Bea");
  const stage = await coming;
  const ben = await Sidetone.meet(meeting.link, { endpoint, name: "Ben" });
  try {
    await report.check("who shares a screen is said, and where it can be looked at", async () => {
      await ada.line("Joined Design review");
      await ada.until(() => /Ben \(External\)/.test(ada.transcript) || (ada.type("/who\r"), false), "saw Ben", 700);
      await stage("calls.0.remoteParticipants.0.share", true);
      await ada.line("shares a screen. /watch opens the meeting in a browser.");
      ada.type("/watch\r");
      await ada.line("there is no desktop here to open it on");
      await stage("calls.0.remoteParticipants.0.share", false);
      await ada.line("shares no screen any more.");
    }, 60);
    await report.check("the spotlight, put on somebody by who may", async () => {
      await control.person(meeting, "Bea", "role", { role: "presenter" });
      await ada.line("presenter");
      ada.type("/spotlight Ben\r");
      await ada.line("Ben (External) is in the spotlight.");
      ada.type("/unspotlight\r");
      await ada.line("Ben (External) is no longer in the spotlight.");
    });
    await report.check("numbers to dial in with", async () => {
      ada.type("/dialin\r");
      await ada.line("Conference id: ");
    });
    await report.check("a breakout room: assigned, entered, and left, with nothing of the meeting's recording said of it", async () => {
      await control.meeting(meeting, "recording", { active: true, byName: "Alice" });
      await ada.line("Notice: recording started");
      await stage("calls.0.features.BreakoutRooms.assign", ROOM, "Room 1");
      await ada.line("Call: you are assigned to the breakout room Room 1.");
      ada.type("/breakout join\r");
      await ada.line("Call: you are in the breakout room Room 1 now. Whether it is recorded is not known yet.");
      await ada.line("Notice: this meeting is not being recorded.");
      assert.equal(await stage("calls.1.state"), "Connected");
      ada.type("/breakout back\r");
      await ada.line("Call: you are in the meeting again.");
      await ada.line("Notice: this meeting is being recorded.");
      assert.equal(await stage("calls.0.state"), "Connected");
    }, 60);
    await report.check("moved into a room and back by the organizer", async () => {
      await stage("calls.0.features.BreakoutRooms.assign", OTHER_ROOM, "Room 2");
      await ada.line("Call: you are assigned to the breakout room Room 2.");
      await stage("calls.0.features.BreakoutRooms.assignedBreakoutRooms.join");
      await ada.line("Call: you are in the breakout room Room 2 now.");
      await stage("calls.0.features.BreakoutRooms.close");
      await ada.until(() => (ada.transcript.match(/you are in the meeting again/g) ?? []).length > 1, "said that it is back", 700);
    }, 60);
    await report.check("the rooms close and the meeting stays on hold: it is taken up again, and that is said", async () => {
      await stage("calls.0.features.BreakoutRooms.assign", THIRD_ROOM, "Room 3");
      await ada.line("Call: you are assigned to the breakout room Room 3.");
      await stage("calls.0.features.BreakoutRooms.assignedBreakoutRooms.join");
      await ada.line("Call: you are in the breakout room Room 3 now.");
      assert.equal(await stage("calls.0.state"), "LocalHold");
      await stage("calls.0.features.BreakoutRooms.close", true);
      await ada.until(() => (ada.transcript.match(/you are in the meeting again/g) ?? []).length > 2, "said that it is back", 700);
      for (let tries = 0; tries < 100 && (await stage("calls.0.state")) !== "Connected"; tries += 1) await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(await stage("calls.0.state"), "Connected");
      assert.doesNotMatch(ada.transcript, /Call: on hold/);
      ada.type("/leave\r");
    }, 60);
  } finally {
    await ada.quit();
    await ben.quit();
  }
}
