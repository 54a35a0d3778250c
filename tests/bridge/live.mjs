// `sidetone doctor --live` in a meeting of the embedded service, by way of the stand-in: it settles what can be, and its report tells nothing of anybody.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Control } from "../interop/control.mjs";
import { host } from "../interop/host.mjs";
import { browsers, installed, made } from "./bridged.mjs";
import { relay } from "./relay.mjs";

const NAME = "Ada Unmistakable";

export async function live(report, { standin }) {
  report.part("sidetone doctor --live");
  const service = await host(["--listen", "127.0.0.1:0"]);
  const way = await relay(service.ready.endpoint);
  const control = new Control(service.ready);
  try {
    const meeting = await made({ control }, { topic: "Secret merger", lobby: "organizer", consentRequired: true });
    const { pathname, search } = new URL(meeting.link);
    const link = `${way.endpoint}${pathname}${search}${search ? "&" : "?"}stage`;
    const args = ["doctor", "--live", link, "--endpoint", way.endpoint, "--name", NAME];
    await report.check("without the SDK, and with nobody to agree, it says what is missing and joins nothing", async () => {
      const bare = run("Bare", [...args, "--yes"]);
      assert.equal(await bare.ended, 1);
      assert.match(bare.said, /the vendor's calling SDK is not installed.*sidetone setup calls/);
      installed("Live", standin);
      const alone = run("Live", args);
      assert.equal(await alone.ended, 2);
      assert.match(alone.said, /muted.*one reaction.*never agrees to be recorded/s);
      assert.match(alone.said, /--yes/);
    });
    const act = (who, what, body) => control.person(meeting, who, what, body);
    await control.post(`/meetings/${encodeURIComponent(meeting.threadId)}/participants`, { name: "Alice" });
    await control.meeting(meeting, "recording", { active: true, byName: "Alice" });
    const path = join(process.env.WORK, "Live", "report.txt");
    const staged = way.stage();
    const doctor = run("Live", [...args, "--yes", "--report", path]);
    await report.check("it is refused in the lobby, comes once more, listens, tries, and leaves", async () => {
      await doctor.line("In the lobby. Refuse it now");
      await act(NAME, "deny");
      await doctor.line("In the lobby again. Now let it in");
      await act(NAME, "admit");
      await doctor.line("Connected. Somebody should speak now");
      // At once, to whoever reads along, and not in the report alone.
      await doctor.line("Notice: this meeting is being recorded.");
      const stage = await staged;
      assert.equal(await stage("calls.-1.isMuted"), true);
      // The meeting's own sound is there by then.
      await doctor.line("Showing one reaction");
      await stage("calls.-1.tone", 440);
      // In the middle of it, another device: nothing that is found out hangs on that.
      await stage("clients.0.devices.plug", "Headset");
      await doctor.line("Leaving the call.");
      assert.equal(await doctor.ended, 0, doctor.said);
    }, 90);
    await report.check("every fact that can be settled is, in its line of the output and in the report", async () => {
      const text = readFileSync(path, "utf8");
      for (const line of [
        /^ok, live 1: time to Connected: \d+\.\d s, of which \d+\.\d s were before the lobby/m,
        /^ok, live 2: raw sound: \d+ frames came, the loudest at -\d+ dBFS; our side is there, their side is there$/m,
        /^ok, live 3: muteIncomingAudio with raw sound: accepted/m,
        /^note, live 4: .*--without-microphone$/m,
        /^ok, live 5: the thread in the lobby: not known; told after \d+\.\d s, 19:meeting_\(\d+ letters\)@thread\.v2$/m,
        /^ok, live 6: real-time text: accepted; reactions: accepted$/m,
        /^note, live 7: data channel/m,
        /^ok, live 8: the end by a refusal in the lobby: 0\/5854/m,
      ]) {
        assert.match(doctor.said, line);
        assert.match(text, line);
      }
      assert.match(text, /^join 2 consent: asked for, and not given$/m);
      assert.match(text, /^join 2 notice: \d+\.\d s recording active$/m);
    });
    await report.check("the report is the person's alone, and tells nothing of people, meeting, token or this machine", async () => {
      assert.equal(statSync(path).mode & 0o777, 0o600);
      const text = readFileSync(path, "utf8");
      const { people } = await control.get(`/meetings/${encodeURIComponent(meeting.threadId)}`);
      const { host: where } = new URL(way.endpoint);
      const secrets = [NAME, "Ada", "Alice", "Secret merger", "is trying", "eyJ", where, link, meeting.threadId, meeting.threadId.slice(11, 20), meeting.id, meeting.passcode, process.env.WORK, ...people.map(({ id }) => id)];
      for (const secret of secrets.filter(Boolean)) assert.ok(!text.includes(secret), `${secret} is in\n${text}`);
      assert.doesNotMatch(text, /8:(acs|orgid):|[0-9a-f]{8}-[0-9a-f]{4}|https?:/);
      assert.doesNotMatch(readFileSync(join(process.env.WORK, "Live", "state", "sidetone", "sidetone.log"), "utf8"), /eyJ|[0-9a-f]{64}/);
    });
    await report.check("without a microphone: the browser sees none, and is in the call all the same", async () => {
      const again = run("Live", [...args, "--yes", "--without-microphone", "--report", join(process.env.WORK, "Live", "again.txt")]);
      await again.line("In the lobby. Let it in, please");
      await act(NAME, "admit");
      await again.line("Connected.");
      again.child.kill("SIGINT");
      await again.ended;
      assert.match(again.said, /^ok, live 4: without any microphone: connected, our raw sound is there$/m);
      assert.equal(browsers().length, 0);
    }, 60);
  } finally {
    way.stop();
    await service.stop();
  }
}

// A command without a terminal, in a home of its own.
export function run(name, args, more = {}) {
  const home = join(process.env.WORK, name);
  mkdirSync(join(home, "run"), { recursive: true, mode: 0o700 });
  const env = { ...process.env, HOME: home, XDG_RUNTIME_DIR: join(home, "run"), TMPDIR: process.env.WORK, SIDETONE_NO_VENDOR: undefined, ...more };
  for (const kind of ["CONFIG", "DATA", "STATE", "CACHE"]) env[`XDG_${kind}_HOME`] = join(home, kind.toLowerCase());
  const child = spawn(process.env.SIDETONE, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const self = { child, said: "", look: new Set() };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data) => {
      self.said += data;
      for (const look of self.look) look();
    });
  }
  self.ended = new Promise((resolve) => child.on("close", (code, signal) => resolve(signal ?? code)));
  self.line = (text) =>
    new Promise((resolve, reject) => {
      const overdue = setTimeout(() => reject(new Error(`it never said ${text}: ${self.said}`)), 60_000);
      const look = () => {
        if (!self.said.includes(text)) return;
        clearTimeout(overdue);
        self.look.delete(look);
        resolve();
      };
      self.look.add(look);
      self.ended.then(() => (look(), clearTimeout(overdue), self.said.includes(text) || reject(new Error(`it ended without ${text}: ${self.said}`))));
      look();
    });
  return self;
}
