// Elements and the few ways this page changes them. What people wrote goes in as text, never as markup.
export const $ = (id) => document.getElementById(id);

export function el(kind, attributes = {}, ...children) {
  const made = document.createElement(kind);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

export function button(label, act, attributes = {}) {
  const made = el("button", { type: "button", ...attributes }, label);
  made.addEventListener("click", act);
  return made;
}

// Changes only what is different: screen readers follow changes.
export function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// An answer for those who do not see what changed; also when it is the same answer as before.
export function say(text) {
  const place = $("said");
  place.replaceChildren(el("span", {}, text));
  clearTimeout(fading);
  fading = setTimeout(() => place.replaceChildren(), 5_000);
}
let fading = 0;

export function show(node, on) {
  if (node.hidden === on) node.hidden = !on;
}

// A name without the characters that could turn or hide the text around it.
export const named = (text) => String(text ?? "").replace(/[\p{Cc}\p{Cf}]/gu, "").trim() || "somebody";

export const clock = (at) => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

export const count = (n, noun, plural = `${noun}s`) => `${n} ${n === 1 ? noun : plural}`;

export const people = (n) => count(n, "person", "people");

export function duration(seconds) {
  if (seconds < 60) return count(Math.max(0, Math.round(seconds)), "second");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return count(minutes, "minute");
  const rest = minutes % 60;
  return `${count(Math.floor(minutes / 60), "hour")}${rest ? ` ${count(rest, "minute")}` : ""}`;
}

// Random enough to tell messages and connections apart; `crypto.randomUUID` is missing on http pages.
export function uuid() {
  const hex = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

// One question, asked in the page; `true` when it was answered with yes.
export function confirmed(question, yes) {
  const dialog = $("confirm");
  put($("confirm-title"), question);
  put($("confirm-yes"), yes);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => resolve(dialog.returnValue === "yes");
    dialog.returnValue = "";
    $("confirm-yes").onclick = () => dialog.close("yes");
    $("confirm-no").onclick = () => dialog.close("");
  });
}
