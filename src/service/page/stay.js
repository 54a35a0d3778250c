// One stay in a meeting, from knocking to the end: takes what the service says and has every part draw itself.
import { $, clock, confirmed, duration, named, put, say, show } from "./dom.js";
import { Call } from "./call.js";
import { Chat } from "./chat.js";
import { Controls } from "./controls.js";
import { Meeting } from "./meeting.js";
import { Notices } from "./notices.js";
import { People } from "./people.js";
import { Sound } from "./sound.js";
import { Talk } from "./talk.js";
import { Turns } from "./turns.js";

export class Stay {
  #meeting = new Meeting();
  #guest;
  #view;
  #over;
  #call;
  #notices;
  #people;
  #talk;
  #turns;
  #sound;
  #controls;
  #chat = null;
  #resumed;
  #opened = 0;
  // By which socket the sound was last asked for.
  #sounded = 0;
  #minute = 0;
  #faded = 0;
  // Takes back every listener outside of the page's own buttons.
  #gone = new AbortController();
  #typists = new Map();

  // `view` shows a part of the page, `over` gets how it ended.
  constructor({ guest, audio, track, without, processing, resumed }, view, over) {
    this.#guest = guest;
    this.#view = view;
    this.#over = over;
    this.#resumed = resumed;
    const send = (message) => this.#call.send(message);
    const { signal } = this.#gone;
    this.#notices = new Notices(this.#meeting, send);
    this.#people = new People({ meeting: this.#meeting, guest, send, hears: () => this.#controls.audio !== "none" });
    this.#talk = new Talk(this.#meeting, signal);
    this.#turns = new Turns(send, () => this.#meeting.me);
    this.#sound = new Sound({ send, tell: (state) => this.#controls.told(state), player: $("player"), signal });
    const [leave, rejoin] = [() => this.#leave(), (how) => this.#call.rejoin(how)];
    this.#controls = new Controls({ meeting: this.#meeting, sound: this.#sound, send, ask: () => this.#notices.ask(), leave, rejoin, audio, without, processing, signal });
    this.#sound.use(track);
    this.#wire();
    this.#call = new Call({ meeting: guest.meeting, guest, audio }, (message) => this.#hear(message));
    this.#call.open();
  }

  // The network came back, or the page: no need to wait for the next attempt.
  hurry() {
    this.#call.hurry();
  }

  mute() {
    this.#controls.toggleMute();
  }

  #hear(message) {
    switch (message.type) {
      case "ended":
      case "failed":
        return this.#finish(message);
      case "answer":
        return this.#sound.answer(message);
      case "caption":
      case "text":
        return this.#turns.take(message);
      case "refused":
        if (message.request === "offer") this.#sound.refused();
        break;
    }
    const news = this.#meeting.take(message);
    this.#follow(message);
    // Notices first: they must be seen before anything is said.
    for (const one of news.filter(({ how }) => how === "alert")) this.#notices.alert(one);
    this.#draw();
    for (const one of news) this.#tell(one);
  }

  #tell(news) {
    if (news.how === "came") return this.#talk.came(news);
    if (news.how === "polite" && OWN.test(news.text)) return say(news.text);
    // An alert is said already; the log only keeps it.
    this.#talk.event(news.text, { quiet: news.how === "alert" });
  }

  // What has to happen beside the drawing.
  #follow(message) {
    const meeting = this.#meeting;
    switch (message.type) {
      case "link":
        if (message.state === "open") this.#opened += 1;
        break;
      case "callState":
        return this.#moved();
      case "info":
        if (meeting.isInside && meeting.thread) this.#startChat();
        break;
      case "reaction":
        clearTimeout(this.#faded);
        this.#faded = setTimeout(() => this.#draw(), REACTION);
        break;
    }
    if (message.type === "link" && message.state === "back" && meeting.isInside) this.#renew();
  }

  #moved() {
    const meeting = this.#meeting;
    if (meeting.state === "inLobby") {
      this.#quiet();
      return this.#view("lobby");
    }
    this.#view("meeting");
    if (meeting.state !== "connected") return this.#quiet();
    if (this.#resumed) {
      // Whoever loads a page again does not expect to be on the air.
      this.#resumed = false;
      this.#call.send({ type: "mute", muted: true });
    }
    this.#hearing();
    if (this.#opened > 1) this.#renew();
  }

  // Once for each socket, as the service answers by the one it was asked on; a state that is only said again changes nothing.
  #hearing() {
    if (this.#controls.audio === "none" || this.#sounded === this.#opened) return;
    this.#sounded = this.#opened;
    this.#sound.start();
  }

  #quiet() {
    this.#sounded = 0;
    this.#sound.stop();
  }

  #renew() {
    this.#controls.renew();
    this.#people.renew();
    this.#turns.renew();
    this.#chat?.catchUp();
  }

  #startChat() {
    if (this.#chat) return;
    this.#chat = new Chat(this.#meeting.thread, this.#guest, (told) => this.#chatted(told));
    this.#talk.chat = this.#chat;
  }

  #chatted(told) {
    if (told.message) {
      const { state, why } = told.message;
      this.#talk.message(told.message);
      if (state === "failed") this.#notices.alert({ text: `Error: message not sent, ${why}. The button Send again is beside it.` });
      if (!told.message.mine) this.#typists.delete(named(told.message.sender));
      this.#typing();
      this.#read();
    }
    if (told.earlier) {
      for (const message of told.earlier) this.#talk.message(message, { quiet: true });
      this.#read();
    }
    if (told.typing) {
      const name = named(told.typing);
      clearTimeout(this.#typists.get(name));
      this.#typists.set(name, setTimeout(() => {
        this.#typists.delete(name);
        this.#typing();
      }, TYPING));
      this.#typing();
    }
    if ("closed" in told) {
      put($("chat-state"), told.closed ?? "");
      show($("chat-state"), Boolean(told.closed));
      $("text").disabled = Boolean(told.closed);
    }
  }

  #typing() {
    const names = [...this.#typists.keys()];
    put($("typing"), names.length === 0 ? "" : `${names.slice(0, 3).join(", ")} ${names.length === 1 ? "is" : "are"} typing`);
  }

  #read() {
    if (document.visibilityState === "visible") this.#chat?.sawAll();
  }

  #draw() {
    const meeting = this.#meeting;
    this.#notices.draw();
    this.#people.draw();
    const live = this.#controls.draw();
    put($("topic"), meeting.topic || "Meeting");
    if (Date.now() - (meeting.reaction?.at ?? 0) >= REACTION) meeting.reaction = null;
    put($("call-line"), meeting.line(this.#controls.word(live)));
    if (meeting.state === "inLobby") this.#drawLobby();
  }

  #drawLobby() {
    const { topic, lobbySince, lostSince } = this.#meeting;
    put($("lobby-title"), `Waiting in the lobby${topic ? ` of “${topic}”` : ""}`);
    const waited = (Date.now() - lobbySince) / 1000;
    put($("lobby-since"), `Since ${clock(lobbySince)}${waited < 60 ? "" : `, ${duration(waited)}`}.${lostSince === null ? "" : " Connection lost, reconnecting."}`);
  }

  async #leave() {
    if (this.#meeting.state === "inLobby" || (await confirmed("Leave the meeting?", "Leave"))) this.#call.leave();
  }

  #wire() {
    $("lobby-leave").onclick = () => this.#leave();
    $("people").ontoggle = () => this.#people.draw();
    const text = $("text");
    text.value = "";
    const send = () => {
      if (!text.value.trim()) return this.#notices.acknowledge();
      if (!this.#chat) return;
      this.#chat.send(text.value.trim());
      text.value = "";
    };
    $("say").onsubmit = (event) => {
      event.preventDefault();
      send();
    };
    text.onkeydown = (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      send();
    };
    text.oninput = () => text.value.trim() && this.#chat?.typing();
    document.onvisibilitychange = () => this.#read();
    // Only while somebody waits does a minute change what is shown.
    this.#minute = setInterval(() => this.#meeting.state === "inLobby" && this.#drawLobby(), 20_000);
  }

  #finish(message) {
    clearInterval(this.#minute);
    clearTimeout(this.#faded);
    this.#gone.abort();
    this.#sound.close();
    this.#chat?.stop();
    this.#notices.close();
    if ($("confirm").open) $("confirm").close();
    for (const timer of this.#typists.values()) clearTimeout(timer);
    this.#over(message.type === "failed" ? { failure: message.failure } : { message, ...this.#meeting.ended(message), kept: this.#meeting.kept });
  }
}

// Answers to what one did oneself: said, but not kept.
const OWN = /^(Muted|Microphone on|Hand raised|Hand lowered|You reacted)/;
const TYPING = 10_000;
const REACTION = 8_000;
