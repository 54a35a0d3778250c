// The log of the meeting: what people wrote and what happened, in order, the newest last.
import { $, button, clock, el, named, put, show } from "./dom.js";
import { plain, rich } from "./rich.js";

export class Talk {
  #messages = new Map();
  #meeting;
  #chat = null;
  #newer = 0;
  #coming = [];
  #timer = 0;
  #follows = true;

  constructor(meeting, signal) {
    this.#meeting = meeting;
    $("log").replaceChildren();
    $("log").onscroll = () => {
      this.#follows = this.#isAtEnd();
      if (this.#follows) this.#seen();
    };
    // The room for it changes with notices and open lists; whoever was at the end stays there.
    const room = new ResizeObserver(() => this.#follows && this.toNewest());
    room.observe($("log"));
    signal.addEventListener("abort", () => room.disconnect());
    $("to-newest").onclick = () => this.toNewest();
  }

  // The chat whose pictures and repetitions are asked for.
  set chat(chat) {
    this.#chat = chat;
  }

  // Something that happened, in a line of its own; `quiet` where it was said already.
  event(text, { quiet = false } = {}) {
    this.#add(el("p", { class: "event", "aria-live": quiet && "off" }, text, " ", el("span", { class: "when" }, clock(Date.now()))));
  }

  // People come and go in bunches: one line for those of a moment.
  came(news) {
    this.#coming.push(news);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const joined = this.#coming.filter((one) => one.joined).map(({ name }) => name);
      const left = this.#coming.filter((one) => !one.joined).map(({ name }) => name);
      this.#coming = [];
      this.event(`Call: ${cameAndWent(joined, left)}, ${this.#meeting.size}.`);
    }, BUNCH);
  }

  // New or changed. The version says which of two copies is the later one; what is only caught up on is not read out.
  message(message, { quiet = false } = {}) {
    const known = this.#messages.get(message.clientId) ?? this.#messages.get(message.id);
    if (known && known.version >= message.version && known.state === message.state) return;
    const line = known?.line ?? el("div", { class: "message" });
    this.#messages.set(message.id ?? message.clientId, { ...message, line });
    if (message.clientId) this.#messages.set(message.clientId, { ...message, line });
    line.dataset.id = message.id ?? "";
    line.classList.toggle("mine", message.mine);
    line.classList.toggle("failed", message.state === "failed");
    line.replaceChildren(
      el("b", { class: "who" }, message.mine ? "you" : named(message.sender), el("span", { class: "unseen" }, ": ")),
      el("div", { class: "words", dir: "auto" }, this.#words(message)),
      el("span", { class: "when", "aria-hidden": message.state === "sending" && "true" }, this.#when(message)),
    );
    if (message.state === "failed") line.append(button("Send again", () => this.#chat?.again(message)));
    if (known) return;
    if (quiet) line.setAttribute("aria-live", "off");
    // Said once, when it comes: not again for an edit.
    else setTimeout(() => line.setAttribute("aria-live", "off"), SAID);
    this.#add(line, message);
  }

  toNewest() {
    this.#follows = true;
    $("log").scrollTop = $("log").scrollHeight;
    this.#seen();
  }

  #words(message) {
    if (message.deleted) return el("i", {}, "message deleted");
    const listed = new Set();
    const picture = (id, words) => {
      const attachment = message.attachments.find((one) => one.id === id || one.url?.includes(id));
      if (attachment) listed.add(attachment);
      return this.#attached(attachment, words || attachment?.name || "");
    };
    const made = message.kind === "html" ? rich(message.content, picture) : plain(message.content);
    for (const attachment of message.attachments.filter((one) => !listed.has(one))) {
      made.append(" ", this.#attached(attachment, attachment.name ?? ""));
    }
    return made;
  }

  #attached(attachment, name) {
    const words = name ? ` ${named(name)}` : "";
    if (!attachment?.url) return `[picture${words}]`;
    if (attachment.attachmentType === "file") return plain(`[file${words} ${attachment.url}]`);
    const offered = button(`Show picture${words}`, async () => {
      const address = await this.#chat?.picture(attachment.url);
      if (!address) return put(offered, `Picture${words} could not be loaded, try again`);
      const shown = el("img", { src: address, alt: named(name || "picture") });
      shown.onload = () => URL.revokeObjectURL(address);
      offered.replaceWith(shown);
    });
    return offered;
  }

  #when({ at, edited, state, why }) {
    if (state === "sending") return "sending";
    if (state === "failed") return `not sent: ${why}`;
    return `${clock(at)}${edited ? " · edited" : ""}`;
  }

  #add(line, message) {
    const log = $("log");
    const follow = this.#follows || message?.mine;
    let before = null;
    if (message?.id) {
      for (let at = log.lastElementChild; at; at = at.previousElementSibling) {
        if (!at.dataset.id) continue;
        if (Number(at.dataset.id) < Number(message.id)) break;
        before = at;
      }
    }
    log.insertBefore(line, before);
    while (log.children.length > MOST) log.firstElementChild.remove();
    if (follow) return this.toNewest();
    this.#newer += 1;
    put($("to-newest"), `${this.#newer} newer, go to the newest`);
    show($("newer"), true);
  }

  #isAtEnd() {
    const { scrollTop, scrollHeight, clientHeight } = $("log");
    return scrollHeight - scrollTop - clientHeight < 24;
  }

  #seen() {
    this.#newer = 0;
    show($("newer"), false);
  }
}

function cameAndWent(joined, left) {
  if (left.length === 0) return `${joined.length === 1 ? joined[0] : joined.length} joined`;
  if (joined.length === 0) return `${left.length === 1 ? left[0] : left.length} left`;
  return `${joined.length} joined, ${left.length} left`;
}

const BUNCH = 1_000;
const SAID = 1_000;
const MOST = 500;
