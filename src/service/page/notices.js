// Recording, transcription and consent: said at once, shown for as long as they are true, repeated until acknowledged.
import { $, button, clock, el, say, show } from "./dom.js";
import { KINDS } from "./meeting.js";

export class Notices {
  #meeting;
  #send;
  #repeat = 0;
  #open = new Map();

  constructor(meeting, send) {
    this.#meeting = meeting;
    this.#send = send;
    $("alerts").replaceChildren();
    $("acknowledge").onclick = () => this.acknowledge();
    const consent = $("consent");
    $("consent-yes").onclick = () => this.#answer(true);
    $("consent-no").onclick = () => this.#answer(false);
    $("consent-later").onclick = () => consent.close();
  }

  // An assertive line. It stays until it is acknowledged, or for a while if there is nothing to acknowledge.
  alert(news) {
    const notice = news.notice && this.#meeting.notices[news.notice];
    const isOpen = notice && notice.state !== "inactive";
    // What stands above in other words is for the ears only.
    const line = el("p", { class: (isOpen || news.asks) && "unseen" }, news.text);
    if (news.notice) {
      this.#open.get(news.notice)?.line.remove();
      this.#open.delete(news.notice);
    }
    $("alerts").append(line);
    if (isOpen) {
      this.#open.set(news.notice, { line, again: news.again });
      this.#schedule(0);
    } else {
      setTimeout(() => line.remove(), LINGER);
    }
    if (news.asks) this.ask();
    this.draw();
  }

  // What was heard need not be said again; it is still shown.
  acknowledge() {
    if (this.#open.size === 0) return false;
    for (const [kind, { line }] of this.#open) {
      this.#meeting.notices[kind].acknowledged = true;
      line.remove();
    }
    this.#open.clear();
    clearTimeout(this.#repeat);
    if (document.activeElement === $("acknowledge")) $("text").focus();
    say("Acknowledged.");
    this.draw();
    return true;
  }

  // Opens the question; only a button answers it, closing it does not.
  ask() {
    if (!$("consent").open) $("consent").showModal();
  }

  close() {
    clearTimeout(this.#repeat);
    if ($("consent").open) $("consent").close();
  }

  draw() {
    const meeting = this.#meeting;
    const facts = KINDS.map((kind) => standing(kind, meeting.notices[kind])).filter(Boolean).map((text) => [text]);
    if (meeting.consent === "required") facts.push(["Listen only: recording needs your consent", "Answer"]);
    if (meeting.consent === "declined") facts.push(["Listen only: you did not consent", "Change the answer"]);
    if (!meeting.mustConsent && $("consent").open) $("consent").close();
    if (meeting.lostSince !== null) facts.push([`Connection lost since ${clock(meeting.lostSince)}, reconnecting`]);
    const list = $("standing");
    const shown = JSON.stringify(facts);
    if (list.dataset.shown !== shown) {
      list.dataset.shown = shown;
      list.replaceChildren(...facts.map(([text, act]) => (act ? el("li", {}, text, " ", button(act, () => this.ask())) : el("li", {}, text))));
    }
    show($("acknowledge-row"), this.#open.size > 0);
  }

  #answer(granted) {
    $("consent").close();
    this.#send({ type: "consent", granted });
  }

  #schedule(step) {
    clearTimeout(this.#repeat);
    this.#repeat = setTimeout(() => {
      for (const { line, again } of this.#open.values()) {
        const repeated = el("p", { class: "unseen" }, again);
        line.replaceWith(repeated);
        for (const open of this.#open.values()) if (open.line === line) open.line = repeated;
      }
      this.#schedule(step + 1);
    }, REPEATS[Math.min(step, REPEATS.length - 1)]);
  }
}

function standing(kind, { state, stated, since, by }) {
  const name = kind === "recording" ? "Recording" : "Transcription";
  if (state === "unknown") return stated ? `${name}: unknown` : null;
  if (state !== "active") return null;
  const word = kind === "recording" ? "REC Recording" : "TRANSCRIPT";
  return `${word}${by ? ` by ${by}` : ""} ${since === null ? "on when you joined" : `since ${clock(since)}`}`;
}

const LINGER = 20_000;
// After the first time, then each time after that, in milliseconds.
const REPEATS = [20_000, 60_000, 300_000];
