// What is true of the meeting, and what just became true: the words follow the terminal client's.
import { clock, duration, named, people } from "./dom.js";
import { ending } from "./ending.js";

export const KINDS = ["recording", "transcription"];
const PARTICIPLE = { recording: "recorded", transcription: "transcribed" };
const REACTIONS = { like: "thumbs up", heart: "heart", laugh: "laughing", surprised: "surprised", applause: "applause" };

export class Meeting {
  state = "connecting";
  topic = "";
  thread = null;
  me = null;
  role = "attendee";
  people = new Map();
  hands = [];
  talking = [];
  // How loud people are, in decibels below full scale; only while somebody looks.
  levels = new Map();
  waiting = [];
  reaction = null;
  muted = true;
  can = new Map();
  quality = "good";
  media = { state: "none", reason: null };
  consent = "notRequired";
  notices = { recording: unstated(), transcription: unstated() };
  lobbySince = null;
  insideSince = null;
  lostSince = null;
  // Notices that are told because we came, not because they began.
  #initial = new Set(KINDS);

  get isInside() {
    return INSIDE.has(this.state);
  }

  get isHeld() {
    return this.state === "localHold";
  }

  // Whether what the microphone hears may leave this device.
  get maySpeak() {
    return this.state === "connected" && !this.muted && !this.mustConsent;
  }

  get mustConsent() {
    return this.consent === "required" || this.consent === "declined";
  }

  get leads() {
    return this.role !== "attendee";
  }

  may(capability) {
    return this.can.get(capability)?.isPresent ?? false;
  }

  name(id) {
    return id === this.me ? "you" : named(this.people.get(id)?.displayName);
  }

  // Takes a message of the service. Answers the news in it: `how` is alert, polite or came.
  take(message, at = Date.now()) {
    return this[`_${message.type}`]?.(message, at) ?? [];
  }

  _link({ state }, at) {
    if (state === "open") {
      this.#initial = new Set(KINDS);
      return [];
    }
    if (state === "lost") {
      this.lostSince = at;
      const lost = KINDS.filter((kind) => this.notices[kind].stated).flatMap((kind) => this.#note(kind, "unknown", null, at));
      return [...lost, { how: "polite", text: "Call: connection lost, reconnecting." }];
    }
    const away = (at - (this.lostSince ?? at)) / 1000;
    this.lostSince = null;
    this.#initial = new Set(KINDS);
    return away < 2 ? [] : [{ how: "polite", text: `Call: connected again after ${duration(away)}.` }];
  }

  _callState({ state }, at) {
    const before = this.state;
    this.state = state;
    if (state === "inLobby") {
      this.lobbySince ??= at;
      return before === state ? [] : [{ how: "polite", text: "Call: waiting in the lobby." }];
    }
    if (this.isInside) this.insideSince ??= at;
    if (before === "inLobby" && this.isInside) return [{ how: "alert", text: "Call: you were admitted." }];
    if (state === "localHold" && before === "connected") return [{ how: "polite", text: "Call: on hold. Resume takes it off hold." }];
    if (state === "connected" && before === "localHold") return [{ how: "polite", text: "Call: no longer on hold." }];
    return [];
  }

  _info({ topic, threadId, me }) {
    this.topic = named(topic);
    this.thread = threadId ?? this.thread;
    this.me = me;
    return [];
  }

  _notice({ kind, isActive, byName, consent }, at) {
    if (!KINDS.includes(kind)) return [];
    const news = this.#note(kind, isActive ? "active" : "inactive", byName ? named(byName) : null, at);
    const before = this.consent;
    this.consent = consent ?? "notRequired";
    if (this.consent === before) return news;
    const told = {
      required: { how: "alert", text: "Notice: the meeting asks for your consent to be recorded.", asks: true },
      granted: { how: "polite", text: "Notice: you gave your consent to be recorded." },
      declined: { how: "polite", text: "Notice: you did not consent to be recorded. You can listen only." },
    }[this.consent];
    return told ? [...news, told] : news;
  }

  // Finds the edge in what may be a repetition.
  #note(kind, state, by, at) {
    const notice = this.notices[kind];
    const initial = this.#initial.delete(kind);
    const { state: before, stated } = notice;
    if (state !== "unknown") notice.stated = true;
    if (before === state) return [];
    notice.state = state;
    notice.was ||= state === "active";
    notice.by = by;
    if (!stated && state === "inactive") return [];
    notice.acknowledged = false;
    const started = state === "active" && !(before === "unknown" && (initial || stated));
    notice.since = state === "active" && !started ? null : at;
    const text = {
      active: started ? `${kind} started${by ? ` by ${by}` : ""}.` : `this meeting is being ${PARTICIPLE[kind]}.`,
      inactive: before === "unknown" ? `this meeting is not being ${PARTICIPLE[kind]}.` : `${kind} stopped${by ? ` by ${by}` : ""}.`,
      unknown: `${kind} unknown. The connection is lost, it may be on.`,
    }[state];
    return [{ how: "alert", text: `Notice: ${text}`, notice: kind, again: `Again: ${text}` }];
  }

  _roster({ participants }) {
    this.people = new Map(participants.map((one) => [one.id, one]));
    return [];
  }

  _participant({ participant }) {
    const isNew = !this.people.has(participant.id);
    this.people.set(participant.id, participant);
    return isNew && participant.id !== this.me ? [{ how: "came", name: named(participant.displayName), joined: true }] : [];
  }

  _participantLeft({ id }) {
    const name = this.name(id);
    return this.people.delete(id) ? [{ how: "came", name, joined: false }] : [];
  }

  _lobby({ waiting }) {
    const before = new Set(this.waiting.map(({ id }) => id));
    this.waiting = waiting;
    if (!this.may("manageLobby") || waiting.every(({ id }) => before.has(id))) return [];
    const names = waiting.map(({ displayName }) => named(displayName)).join(", ");
    return [{ how: "polite", text: `Lobby: ${names} ${waiting.length === 1 ? "is" : "are"} waiting.` }];
  }

  _role({ role }) {
    this.role = role;
    return [];
  }

  _capabilities({ capabilities }) {
    this.can = new Map(capabilities.map((one) => [one.name, one]));
    return [];
  }

  _muted({ isMuted, by }) {
    const before = this.muted;
    this.muted = isMuted;
    if (before === isMuted) return [];
    if (by) return [{ how: "alert", text: `Call: ${named(by.displayName)} ${isMuted ? "muted" : "unmuted"} you.` }];
    return [{ how: "polite", text: isMuted ? "Muted." : "Microphone on." }];
  }

  _hands({ raised }) {
    const before = new Set(this.hands.map(({ id }) => id));
    this.hands = raised;
    const now = new Set(raised.map(({ id }) => id));
    const news = [];
    if (now.has(this.me) !== before.has(this.me)) news.push({ how: "polite", text: now.has(this.me) ? "Hand raised." : "Hand lowered." });
    if (this.leads) {
      for (const { id } of raised) {
        if (id !== this.me && !before.has(id)) news.push({ how: "polite", text: `Call: ${this.name(id)} raised a hand.` });
      }
    }
    return news;
  }

  _reaction({ by, reaction }, at) {
    const name = by.id === this.me ? "you" : named(by.displayName);
    this.reaction = { at, text: `${REACTIONS[reaction] ?? reaction} from ${name}` };
    return by.id === this.me ? [{ how: "polite", text: `You reacted ${REACTIONS[reaction]}.` }] : [];
  }

  _talking({ ids }) {
    this.talking = ids;
    return [];
  }

  _levels({ levels }) {
    this.levels = new Map(levels.map(({ id, dbfs }) => [id, dbfs]));
    return [];
  }

  _quality({ quality }) {
    this.quality = quality;
    return [];
  }

  _media({ state, reason }) {
    this.media = { state, reason: reason ?? null };
    return [];
  }

  _refused({ request, reason }) {
    if (request === "offer") return [];
    return [{ how: "alert", text: `Error: ${REQUESTS[request] ?? request} is not possible, ${REASONS[reason] ?? "the service refused it"}.` }];
  }

  // The ending as an announcement of its own.
  ended(message, at = Date.now()) {
    const { words, remedy, detail } = ending(message);
    const seconds = this.insideSince === null ? 0 : (at - this.insideSince) / 1000;
    const after = seconds >= 1 ? ` after ${duration(seconds)}` : "";
    const by = message.by ? named(message.by.displayName) : null;
    const line = by && message.subcode === 4097 ? `ended by ${by}${after}` : `${words}${by ? `, by ${by}` : ""}${after}`;
    return { line: `${line}.`, remedy, detail };
  }

  // The call in one line, the most important first.
  line(sound) {
    const parts = [this.insideSince === null ? "In the meeting" : `In the meeting since ${clock(this.insideSince)}`];
    if (this.isHeld) parts[0] = "On hold, nobody hears you";
    parts.push(sound);
    const others = this.talking.filter((id) => id !== this.me).slice(0, 3).map((id) => this.name(id));
    if (others.length > 0) parts.push(`talking: ${others.join(", ")}`);
    if (this.hands.length > 0) parts.push(`hand: ${this.hands.slice(0, 3).map(({ id, order }) => `${this.name(id)} ${order}`).join(", ")}`);
    if (this.reaction) parts.push(this.reaction.text);
    if (this.quality !== "good") parts.push(`${this.quality} connection`);
    return parts.filter(Boolean).join(" · ");
  }

  // What was recorded of it, for after the end.
  get kept() {
    const was = KINDS.filter((kind) => this.notices[kind].was).map((kind) => PARTICIPLE[kind]);
    return was.length > 0 ? `While you were in it, the meeting was ${was.join(" and ")}.` : "";
  }

  get size() {
    return people(this.people.size);
  }
}

const unstated = () => ({ state: "unknown", stated: false, since: null, by: null, was: false, acknowledged: true });

const INSIDE = new Set(["connected", "localHold", "remoteHold"]);
const REQUESTS = {
  mute: "unmuting",
  hand: "raising a hand",
  hold: "holding the call",
  volume: "another volume",
  react: "reacting",
  admit: "letting somebody in",
  reject: "turning somebody away",
  remove: "removing somebody",
  muteOthers: "muting others",
  text: "real-time text",
  deafen: "hearing nothing",
};
const REASONS = {
  ExplicitConsentRequired: "the meeting needs your consent to be recorded first",
  RoleRestricted: "your role does not allow it",
  NoSuchParticipant: "that person is not there any more",
  NotInTheMeeting: "you are not in the meeting",
  OnHold: "the call is on hold",
  TooLong: "it is too long",
  FeatureNotSupported: "this host does not have it",
};
