// Who is in the meeting, how loud they are and shall be, and who waits before it.
import { $, button, confirmed, el, named, put, say, show } from "./dom.js";

const SOUND = { none: "no sound", listen: "listens only" };
const ROLES = { attendee: "", presenter: "presenter", coOrganizer: "co-organizer", organizer: "organizer" };

// Whoever wants nothing to move gets levels in words, when they ask.
const STILL = matchMedia("(prefers-reduced-motion: reduce)");

export class People {
  #meeting;
  #guest;
  #send;
  #hears;
  // The service was asked to tell levels.
  #levels = false;
  #asked = false;

  // `hears`: whether anything of the meeting is heard here.
  constructor({ meeting, guest, send, hears }) {
    this.#meeting = meeting;
    this.#guest = guest;
    this.#send = send;
    this.#hears = hears;
    $("levels").onclick = () => this.#sayLevels();
    put($("levels-answer"), "");
    $("meters-on").checked = !STILL.matches;
    $("meters-on").onchange = () => this.draw();
  }

  draw() {
    const meeting = this.#meeting;
    put($("people-count"), meeting.size);
    this.#ask();
    if ($("people").open) this.#list();
    show($("levels-row"), this.#hears());
    this.#doors();
  }

  // The signalling is back: the service hears again what it may have forgotten.
  renew() {
    this.#levels = false;
    for (const [id, percent] of Object.entries(this.#volumes)) {
      if (percent !== USUAL && this.#meeting.people.has(id)) this.#send({ type: "volume", id, percent });
    }
    this.draw();
  }

  get #volumes() {
    return this.#guest.volumes ?? {};
  }

  get #metered() {
    return $("people").open && $("meters-on").checked && this.#hears() && this.#meeting.state === "connected";
  }

  #ask() {
    const wanted = this.#metered || this.#asked;
    if (wanted !== this.#levels && this.#send({ type: "levels", on: wanted })) this.#levels = wanted;
    if (!wanted) this.#meeting.levels.clear();
  }

  async #sayLevels() {
    this.#asked = true;
    this.#ask();
    await new Promise((resolve) => setTimeout(resolve, LEVELS_COME));
    const meeting = this.#meeting;
    const others = [...meeting.people.values()].filter(({ id }) => id !== meeting.me);
    const words = others.map((one) => {
      const level = meeting.levels.get(one.id);
      const muted = one.isMuted || one.audio !== "full";
      return `${named(one.displayName)} ${meeting.talking.includes(one.id) ? `talking ${decibels(level)}` : muted ? "muted" : "quiet"}`;
    });
    const answer = others.length === 0 ? "Nobody else is here." : `${words.join(", ")}.`;
    say(answer);
    put($("levels-answer"), answer);
    this.#asked = false;
    this.#ask();
  }

  // Redrawn line by line, so that a focused button stays where it is.
  #list() {
    const list = $("people-list");
    const wanted = [...this.#meeting.people.values()];
    keep(list, wanted, (one) => one.id, (one) => this.#words(one), (one) => this.#acts(one), (one, line) => this.#hearing(one, line));
  }

  // A meter and a volume beside the name, kept in place as long as the person is there.
  #hearing(one, line) {
    const meeting = this.#meeting;
    const name = named(one.displayName);
    const place = line.querySelector(".hearing") ?? line.insertBefore(el("div", { class: "hearing" }, ...this.#tools(one.id)), line.children[1] ?? null);
    const [meter, words, volume, percent] = place.querySelectorAll("meter, .level, input, output");
    const speaks = one.audio === "full";
    show(place, this.#hears() && (speaks || one.id !== meeting.me));
    const metered = this.#metered && speaks;
    const level = Math.max(QUIETEST, meeting.levels.get(one.id) ?? QUIETEST);
    show(meter, metered);
    show(words, metered);
    meter.value = level;
    put(words, decibels(level));
    attribute(meter, "aria-label", `Level of ${name}`);
    attribute(meter, "aria-valuetext", decibels(level));
    show(volume.parentElement, one.id !== meeting.me);
    const set = this.#volumes[one.id] ?? USUAL;
    if (document.activeElement !== volume) volume.value = set;
    attribute(volume, "aria-label", `Volume of ${name}`);
    attribute(volume, "aria-valuetext", `${set} percent`);
    put(percent, `${set} %`);
  }

  #tools(id) {
    const volume = el("input", { type: "range", min: 0, max: LOUDEST, step: 10, value: USUAL });
    volume.oninput = () => {
      const percent = Number(volume.value);
      this.#guest.keep({ volumes: { ...this.#volumes, [id]: percent } });
      this.#send({ type: "volume", id, percent });
      this.draw();
    };
    const words = el("span", { class: "level quiet", "aria-hidden": "true" });
    return [el("meter", { min: QUIETEST, max: 0 }), words, el("label", {}, "Volume ", volume, el("output", { "aria-hidden": "true" }))];
  }

  #words(one) {
    const meeting = this.#meeting;
    const hand = meeting.hands.find(({ id }) => id === one.id);
    return [
      one.id === meeting.me ? `${named(one.displayName)}, you` : named(one.displayName),
      ROLES[one.role],
      one.state === "remoteHold" && "on hold",
      one.state === "connecting" && "connection lost",
      meeting.talking.includes(one.id) && "talking",
      SOUND[one.audio] ?? (one.isMuted ? "muted" : "microphone on"),
      one.isDeafened && "deafened",
      hand && `hand raised, number ${hand.order}`,
    ].filter(Boolean).join(", ");
  }

  #acts(one) {
    const meeting = this.#meeting;
    if (one.id === meeting.me) return [];
    const name = named(one.displayName);
    const acts = [];
    if (meeting.may("muteOthers") && !one.isMuted) acts.push(["Mute", name, () => this.#send({ type: "muteOthers", ids: [one.id] })]);
    if (meeting.may("removeParticipant")) {
      acts.push(["Remove", name, async () => (await confirmed(`Remove ${name} from the meeting?`, `Remove ${name}`)) && this.#send({ type: "remove", id: one.id })]);
    }
    return acts;
  }

  #doors() {
    const waiting = this.#meeting.may("manageLobby") ? this.#meeting.waiting : [];
    show($("doors"), waiting.length > 0);
    keep($("doors-list"), waiting, (one) => one.id, (one) => `${named(one.displayName)} is waiting in the lobby`, (one) => {
      const name = named(one.displayName);
      return [
        ["Let in", name, () => this.#send({ type: "admit", id: one.id })],
        ["Turn away", name, () => this.#send({ type: "reject", id: one.id })],
      ];
    });
  }
}

// Makes the lines of `list` those of `wanted`, changing only what is different; `more` adds what is no button.
function keep(list, wanted, key, words, acts, more = () => {}) {
  const lines = new Map([...list.children].map((line) => [line.dataset.key, line]));
  const now = wanted.map((one) => {
    const line = lines.get(key(one)) ?? el("li", { "data-key": key(one) }, el("span"));
    put(line.firstChild, words(one));
    const buttons = acts(one);
    const labels = buttons.flat().filter((part) => typeof part === "string").join("\n");
    if (line.dataset.acts !== labels) {
      line.dataset.acts = labels;
      for (const old of line.querySelectorAll(":scope > button")) old.remove();
      line.append(...buttons.map(([verb, name, act]) => button(verb, act, { "aria-label": `${verb} ${name}` })));
    }
    more(one, line);
    return line;
  });
  if (now.length !== list.children.length || now.some((line, at) => list.children[at] !== line)) list.replaceChildren(...now);
}

function attribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

const decibels = (level = QUIETEST) => (level <= QUIETEST ? "silent" : `${level} dB`);

// What a meter shows at its left end, and volumes in percent.
const QUIETEST = -60;
const USUAL = 100;
const LOUDEST = 200;
// Levels are told five times a second.
const LEVELS_COME = 600;
