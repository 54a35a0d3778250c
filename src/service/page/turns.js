// Words while they are spoken or typed: captions, and real-time text in both directions.
import { $, el, named, put, say, show } from "./dom.js";

export class Turns {
  #send;
  #me = () => null;
  #lines = new Map();
  #pauses = new Map();
  #pace = 0;
  #sent = "";

  // `me` answers the own raw id.
  constructor(send, me) {
    this.#send = send;
    this.#me = me;
    $("captions").replaceChildren();
    put($("partial"), "");
    show($("turns"), false);
    $("captions-on").checked = $("live-on").checked = false;
    show($("live-row"), false);
    $("captions-on").onchange = ({ target }) => {
      send({ type: "captions", on: target.checked });
      show($("turns"), target.checked || $("captions").children.length > 0);
      say(target.checked ? "Captions on." : "Captions off.");
    };
    $("live-on").onchange = ({ target }) => {
      show($("live-row"), target.checked);
      if (target.checked) $("live").focus();
      else this.#finish();
    };
    $("live").oninput = () => (this.#pace ||= setTimeout(() => this.#type(), PACE));
    $("live").onkeydown = (event) => {
      if (event.key === "Enter" && !event.isComposing) this.#finish();
    };
  }

  // After a new socket the service does not know any more what was wanted.
  renew() {
    if ($("captions-on").checked) this.#send({ type: "captions", on: true });
  }

  take({ type, id, person, text, isFinal }) {
    if (type === "caption" && !$("captions-on").checked) return;
    const key = `${type} ${person.id} ${id}`;
    const who = person.id === this.#me() ? "you" : named(person.displayName);
    const words = `${type === "caption" ? "Caption" : "Text"}, ${who}: ${text}`;
    clearTimeout(this.#pauses.get(key));
    show($("turns"), true);
    if (isFinal) {
      if (text) this.#say(key, words);
      else this.#lines.get(key)?.remove();
      this.#lines.delete(key);
      this.#pauses.delete(key);
      put($("partial"), "");
      return;
    }
    put($("partial"), words);
    // What is typed is said at a pause; what is spoken is heard.
    if (type === "text" && who !== "you") this.#pauses.set(key, setTimeout(() => this.#say(key, words), PAUSE));
  }

  #say(key, words) {
    const log = $("captions");
    const line = this.#lines.get(key);
    if (line) put(line, words);
    else {
      const made = el("p", { dir: "auto" }, words);
      this.#lines.set(key, made);
      log.append(made);
    }
    while (log.children.length > MOST) log.firstElementChild.remove();
    log.scrollTop = log.scrollHeight;
  }

  #type() {
    this.#pace = 0;
    const text = $("live").value;
    if (text === this.#sent) return;
    this.#sent = text;
    this.#send({ type: "text", text, isFinal: false, language: null });
  }

  #finish() {
    clearTimeout(this.#pace);
    this.#pace = 0;
    const text = $("live").value;
    if (text || this.#sent) this.#send({ type: "text", text, isFinal: true, language: null });
    $("live").value = this.#sent = "";
  }
}

const PACE = 300;
const PAUSE = 2_000;
const MOST = 100;
