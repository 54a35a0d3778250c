// All checks of the page. Arguments choose parts: doors, playout, meeting, alone, official, terminal, people, work, system, live, doctor, sandbox.
import { Report, passed } from "../interop/report.mjs";
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

const parts = [doors, playout, meeting, alone, official, terminal, people, work, system, live, doctor, sandbox];
const chosen = process.argv.slice(2);
const scene = { browser: await launched(), standin: process.env.STANDIN, official: process.env.OFFICIAL };

const told = [];
for (const part of parts) {
  if (chosen.length > 0 && !chosen.includes(part.name)) continue;
  const report = new Report();
  await part(report, scene);
  report.print(chosen.length > 0);
  told.push(report);
}
await scene.browser.close();
process.exitCode = passed(told) ? 0 : 1;
