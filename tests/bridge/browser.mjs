// The browser of the bridge, as the program starts it: a real window on a display that does not exist, a silent stand-in microphone.
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";
import { pathToFileURL } from "node:url";

const FLAGS = [
  "--ozone-platform=headless",
  // Never another loopback address, where somebody else may listen on the same port.
  "--host-resolver-rules=MAP localhost 127.0.0.1",
  "--no-first-run",
  "--no-default-browser-check",
  "--autoplay-policy=no-user-gesture-required",
  "--use-fake-ui-for-media-stream",
  "--use-fake-device-for-media-stream",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-default-apps",
  "--disable-extensions",
  "--no-pings",
  "--disable-gpu",
  "--disable-software-rasterizer",
  "--in-process-gpu",
  "--disable-features=PreloadTopChromeWebUI,WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,SpareRendererForSitePerProcess",
  // For machines with no other interface, as that of a test may be.
  "--allow-loopback-in-peer-connection",
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
];

function found() {
  const names = [process.env.CHROMIUM, "chromium", "chromium-browser", "google-chrome-stable", "google-chrome"].filter(Boolean);
  const folders = process.env.PATH.split(delimiter);
  const paths = names.flatMap((name) => (name.includes("/") ? [name] : folders.map((folder) => join(folder, name))));
  const path = paths.find((path) => existsSync(path));
  if (!path) throw new Error("Chromium was not found; CHROMIUM=/path/to/chromium names it");
  return path;
}

export async function launched(...more) {
  const silence = join(process.env.WORK, "silence.wav");
  writeFileSync(silence, silentWave());
  return chromium.launchPersistentContext(mkdtempSync(join(process.env.WORK, "chromium-")), {
    executablePath: found(),
    headless: false,
    args: [...FLAGS, ...more, `--use-file-for-fake-audio-capture=${silence}`],
    ignoreDefaultArgs: ["--mute-audio"],
  });
}

// By way of a start file, so that the secret is in no command line.
export async function opened(browser, program, secret = program.secret) {
  const start = join(process.env.WORK, `start-${Math.random()}.html`);
  writeFileSync(start, `<script>location.replace(${JSON.stringify(`${program.origin}/#${secret}`)})</script>`, { mode: 0o600 });
  const tab = await browser.newPage();
  tab.problems = [];
  tab.on("pageerror", (error) => tab.problems.push(error.stack));
  await tab.goto(pathToFileURL(start).href, { waitUntil: "commit" }).catch(() => {});
  return tab;
}

// Nothing leaves this machine: no name but the page's own is looked up.
export const OFFLINE = "--host-resolver-rules=MAP localhost 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1";

// A tab that is closing by itself may not answer.
export async function closed(tab) {
  if (tab.isClosed()) return;
  await Promise.race([tab.close(), new Promise((resolve) => setTimeout(resolve, 3000))]).catch(() => {});
}

// Ten seconds, 48 kHz mono: the browser's own stand-in beeps.
function silentWave() {
  const data = Buffer.alloc(10 * 48000 * 2);
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + data.length, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(48000, 24);
  head.writeUInt32LE(96000, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36);
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}
