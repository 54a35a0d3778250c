// Who is in the meeting, and who waits before it.
import { $, button, confirmed, el, named, put, show } from "./dom.js";

const SOUND = { none: "no sound", listen: "listens only" };
const ROLES = { attendee: "", presenter: "presenter", coOrganizer: "co-organizer", organizer: "organizer" };

export class People {
  #meeting;
  #send;

  constructor(meeting, send) {
    this.#meeting = meeting;
    this.#send = send;
  }

  draw() {
    const meeting = this.#meeting;
    put($("people-count"), meeting.size);
    if ($("people").open) this.#list();
    this.#doors();
  }

  // Redrawn line by line, so that a focused button stays where it is.
  #list() {
    const list = $("people-list");
    const wanted = [...this.#meeting.people.values()];
    keep(list, wanted, (one) => one.id, (one) => this.#words(one), (one) => this.#acts(one));
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

// Makes the lines of `list` those of `wanted`, changing only what is different.
function keep(list, wanted, key, words, acts) {
  const lines = new Map([...list.children].map((line) => [line.dataset.key, line]));
  const now = wanted.map((one) => {
    const line = lines.get(key(one)) ?? el("li", { "data-key": key(one) }, el("span"));
    put(line.firstChild, words(one));
    const buttons = acts(one);
    const labels = buttons.flat().filter((part) => typeof part === "string").join("\n");
    if (line.dataset.acts !== labels) {
      line.dataset.acts = labels;
      line.replaceChildren(line.firstChild, ...buttons.map(([verb, name, act]) => button(verb, act, { "aria-label": `${verb} ${name}` })));
    }
    return line;
  });
  if (now.length !== list.children.length || now.some((line, at) => list.children[at] !== line)) list.replaceChildren(...now);
}
