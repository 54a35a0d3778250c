// All checks. Arguments choose parts: rest, browser, together, guest, entra, graph, exchange, sound.
import { Control } from "./control.mjs";
import { Report, passed, summed } from "./report.mjs";
import { browser } from "./browser.mjs";
import { entra } from "./entra.mjs";
import { exchange } from "./exchange.mjs";
import { graph } from "./graph.mjs";
import { guest } from "./guest.mjs";
import { rest } from "./rest.mjs";
import { sound } from "./sound.mjs";
import { together } from "./together.mjs";

// In each lane in the order in which they lean on one another. Sound takes its own time and has its own service.
const lanes = [[rest, browser, together, guest], [entra, graph, exchange], [sound]];

const ready = JSON.parse(process.env.READY);
const chosen = process.argv.slice(2);
const control = new Control(ready);

async function reports(lane) {
  const told = [];
  for (const part of lane) {
    if (chosen.length > 0 && !chosen.includes(part.name)) continue;
    const report = new Report();
    await part(report, ready, control);
    report.print(chosen.length > 0);
    told.push(report);
  }
  return told;
}

process.exitCode = passed((await Promise.all(lanes.map(reports))).map(summed)) ? 0 : 1;
