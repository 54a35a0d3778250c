// The checks of one lane: of the page in a browser of ours, or of the program that starts one. More arguments choose parts: doors, playout, meeting, alone, official, terminal, people, work, system, live, doctor, sandbox.
import { Report, summed } from "../interop/report.mjs";
import { launched } from "./browser.mjs";
import { doors, playout } from "./doors.mjs";
import { meeting } from "./meeting.mjs";
import { alone } from "./alone.mjs";
import { official } from "./official.mjs";
import { sandbox } from "./sandbox.mjs";
import { live } from "./live.mjs";
import { doctor } from "./doctor.mjs";
import { terminal } from "./terminal.mjs";
import { people } from "./people.mjs";
import { work } from "./work.mjs";
import { system } from "./system.mjs";
import { passed } from "./passed.mjs";

const [lane, ...chosen] = process.argv.slice(2);
const lanes = { page: [doors, playout, meeting, alone, official], program: [terminal, people, work, system, live, doctor, sandbox] };
const parts = lanes[lane].filter((part) => chosen.length === 0 || chosen.includes(part.name));

const browser = lane === "page" && parts.length > 0 ? await launched() : undefined;
const told = [];
for (const part of parts) {
  const report = new Report();
  try {
    await part(report, { browser, standin: process.env.STANDIN, official: process.env.OFFICIAL });
  } catch (error) {
    report.part(part.name);
    await report.check("it broke off", () => Promise.reject(error));
  }
  report.print(chosen.length > 0);
  told.push(report);
}
await browser?.close();
// What a part that broke off left behind keeps nobody waiting.
process.send({ ...summed(told), passed: { toPage: [...passed.toPage], toProgram: [...passed.toProgram] } }, () => process.exit());
