// Headless Chromium, as every check starts it.
import { existsSync, mkdtempSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

function found() {
  const names = [process.env.CHROMIUM, "chromium", "chromium-browser", "google-chrome-stable", "google-chrome"].filter(Boolean);
  const folders = process.env.PATH.split(delimiter);
  const paths = names.flatMap((name) => (name.includes("/") ? [name] : folders.map((folder) => join(folder, name))));
  const path = [...paths, "/Applications/Chromium.app/Contents/MacOS/Chromium"].find((path) => existsSync(path));
  if (!path) throw new Error("Chromium was not found; CHROMIUM=/path/to/chromium names it");
  return path;
}

// A browser with a profile of its own.
export function launched({ args = [], ...options } = {}) {
  return chromium.launchPersistentContext(mkdtempSync(join(process.env.WORK, "chromium-")), {
    executablePath: found(),
    headless: true,
    args: [...FLAGS, ...args],
    ...options,
  });
}
