// The official package, unmodified, in the same page, without a network: what it says of itself, and that its errors arrive as they are.
import assert from "node:assert/strict";
import { OFFLINE, closed, launched, opened } from "./browser.mjs";
import { Program } from "./program.mjs";

export async function official(report, { official: sdk }) {
  report.part("the page with the official SDK, without a network");
  if (!sdk) {
    console.log("left out: SIDETONE_NO_VENDOR=1");
    return;
  }
  const browser = await launched(OFFLINE);
  let given = { token: token({ acsScope: "voip" }), expiresOn: null };
  const program = await Program.start({ sdk, token: () => given });
  const tab = await opened(browser, program);
  await report.check("it loads, under the page's policy", async () => {
    const start = performance.now();
    await program.until({ type: "ready", hasSdk: true }, undefined, { ms: 20_000 });
    console.log(`      ready after ${Math.round(performance.now() - start)} ms`);
    assert.deepEqual(program.said.filter(({ type }) => type === "trouble"), []);
  });
  await report.check("the environment is supported", async () => {
    const told = await program.ask("environment", {}, 30_000);
    console.log(`      ${JSON.stringify(told)}`);
    assert.deepEqual([told.browser, told.isSupportedPlatform, told.isSupportedBrowser, told.isSupportedBrowserVersion, told.isSupportedEnvironment], ["Chrome", true, true, true, true]);
  });
  await report.check("the device manager works", async () => {
    const { isGranted, devices } = await program.ask("devices");
    console.log(`      ${JSON.stringify(devices)}`);
    assert.equal(isGranted, true);
    assert.ok(devices.microphones.length > 0 && devices.speakers.length > 0);
    const { id } = devices.microphones.at(-1);
    await program.ask("selectMicrophone", { device: id });
  });
  const create = { identity: "external", displayName: "Ada", emergencyCountry: null };
  await report.check("a token that is none, one without calls, and one that is no Teams user's: refused by code, at once", async () => {
    given = { token: "nonsense", expiresOn: Date.now() + 3_600_000 };
    const nonsense = await program.refused("createAgent", create);
    assert.deepEqual([nonsense.name, nonsense.code, nonsense.subCode], ["CallingCommunicationError", 401, 44111]);
    given = { token: token({ acsScope: "chat" }), expiresOn: null };
    const chat = await program.refused("createAgent", create);
    console.log(`      ${JSON.stringify(nonsense)} ${JSON.stringify(chat)}`);
    assert.deepEqual([chat.code, chat.subCode], [401, 44113]);
    given = { token: token({ acsScope: "voip" }), expiresOn: null };
    const notOfTeams = await program.refused("createAgent", { ...create, identity: "teams", displayName: null });
    assert.deepEqual([notOfTeams.code, notOfTeams.subCode], [403, 40231]);
  });
  await report.check(
    "an agent without a network: made after a while and Disconnected; joining ends with 490/4525",
    async () => {
      given = { token: token({ acsScope: "voip" }), expiresOn: null };
      const start = performance.now();
      const { agent, connection } = await program.ask("createAgent", create, 40_000);
      console.log(`      ${connection} after ${((performance.now() - start) / 1000).toFixed(1)} s`);
      assert.equal(connection, "Disconnected");
      const meeting = { link: "https://teams.microsoft.com/l/meetup-join/19%3ameeting_x%40thread.v2/0?context=%7b%22Tid%22%3a%2200000000-0000-0000-0000-0000000000a1%22%2c%22Oid%22%3a%2200000000-0000-0000-0000-0000000000a2%22%7d" };
      const { call } = await program.ask("join", { agent, meeting, audio: "raw", muted: true });
      const ended = await program.until({ type: "callEnded", call }, undefined, { ms: 30_000 });
      const states = program.said.filter((one) => one.type === "callState" && one.call === call).map(({ state }) => state);
      console.log(`      ${JSON.stringify(ended.reason)}; states ${states}`);
      assert.deepEqual([ended.reason.code, ended.reason.subCode], [490, 4525]);
      assert.equal(states.at(-1), "Disconnected");
      // Every feature that the page watches is there in the real one.
      for (const type of ["call", "callInfo", "role", "muted", "deafened", "notice", "capabilities", "roster", "lobby", "dominantSpeakers", "hands", "spotlight", "mediaAccess", "captions", "breakoutRooms", "audio"]) {
        assert.ok(program.said.some((one) => one.type === type && one.call === call), type);
      }
      assert.ok(program.said.some((one) => one.type === "audio" && one.mode === "raw" && one.hasCapture));
      await program.ask("disposeAgent", { agent });
      assert.deepEqual(program.said.filter(({ type }) => type === "trouble"), []);
    },
    90,
  );
  await report.check("it goes when told to, and broke nothing on the way", async () => {
    await program.ask("close");
    await program.until({ type: "bye", because: "command" });
  });
  await closed(tab);
  await program.stop();
  await browser.close();
}

// A well-formed token of nobody.
function token(claims) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const resource = "00000000-0000-0000-0000-0000000000ff";
  return `${part({ alg: "RS256", typ: "JWT" })}.${part({ skypeid: `acs:${resource}_00000000-0000-0000-0000-0000000000b2`, scp: 1792, csi: String(now), exp: now + 3600, iat: now, resourceId: resource, ...claims })}.${part("none")}`;
}
