// All checks, in the order in which they lean on one another. Arguments choose parts: rest, browser, together, guest, sound.
import { Control } from "./control.mjs";
import { Report } from "./report.mjs";
import { browser } from "./browser.mjs";
import { guest } from "./guest.mjs";
import { rest } from "./rest.mjs";
import { sound } from "./sound.mjs";
import { together } from "./together.mjs";

const ready = JSON.parse(process.env.READY);
const chosen = process.argv.slice(2);
const report = new Report();
const control = new Control(ready);
for (const part of [rest, browser, together, guest, sound]) {
  if (chosen.length === 0 || chosen.includes(part.name)) await part(report, ready, control);
}
process.exitCode = report.close();
