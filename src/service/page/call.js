// The call socket: what to say, when to doubt it, when to come back. The terminal client keeps the same times.
import { Failure } from "./guest.js";
import { later, never } from "./later.js";

export class Call {
  #plan;
  #hear;
  #socket = null;
  #heard = 0;
  #said = 0;
  #doubted = false;
  #lost = false;
  #inside = false;
  #placed = false;
  #attempt = 0;
  #fresh = false;
  #refusal = null;
  #watch = 0;
  #again = 0;
  #over = false;

  // `plan`: meeting, guest, audio. `hear` gets every message of the service, and `{type:"link",state}` when that changes.
  constructor(plan, hear) {
    this.#plan = plan;
    this.#hear = hear;
  }

  async open({ fresh = false } = {}) {
    let token;
    try {
      token = await this.#plan.guest.access({ fresh });
    } catch (failure) {
      if (this.#placed && !failure.status) return this.#fell();
      return this.#finish({ type: "failed", failure });
    }
    if (this.#over) return;
    const address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/local/v1/call`;
    const socket = new WebSocket(address, ["sidetone.call", `sidetone.token.${token}`]);
    this.#socket = socket;
    this.#heard = performance.now();
    this.#look();
    let opened = false;
    socket.onopen = () => {
      opened = true;
      this.#heard = this.#said = performance.now();
      this.#doubted = false;
      const { meeting, guest, audio } = this.#plan;
      this.send({ type: "join", meeting, displayName: guest.name, audio, rejoin: guest.callId ?? null, heartbeatMillis: BEAT });
      this.#hear({ type: "link", state: "open" });
    };
    socket.onmessage = ({ data }) => socket === this.#socket && this.#frame(JSON.parse(data));
    socket.onclose = () => socket === this.#socket && this.#fell({ refused: !opened });
  }

  // `true` when it went out; what is asked while the link is gone is not kept.
  send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  leave() {
    if (!this.send({ type: "leave" })) this.#finish({ type: "ended", code: 0, subcode: 0 });
  }

  // Takes part in the sound in another way: the same place, by a new socket.
  rejoin(audio) {
    this.#plan.audio = audio;
    this.open();
  }

  // Somebody cannot wait for the next attempt, as the network is back.
  hurry() {
    if (!this.#again) return;
    never(this.#again);
    this.#again = 0;
    this.open();
  }

  get isLost() {
    return this.#lost;
  }

  #frame(message) {
    const now = performance.now();
    this.#heard = now;
    if (this.#doubted) {
      this.#doubted = false;
      this.#back();
      this.send({ type: "refresh" });
    }
    // Answering what comes, and not by a clock of our own: browsers slow the clocks of hidden pages down.
    if (now - this.#said >= OUR_BEAT) {
      this.#said = now;
      this.send({ type: "beat" });
    }
    this.#look();
    switch (message.type) {
      case "beat":
        return;
      case "refused":
        if (message.request === "join") {
          this.#refusal = message.reason;
          return;
        }
        break;
      case "info":
        this.#plan.guest.keep({ callId: message.callId });
        break;
      case "callState":
        this.#placed = true;
        this.#attempt = 0;
        this.#fresh = false;
        this.#inside = message.state !== "inLobby";
        this.#back();
        break;
      case "ended":
        if (this.#refusal) return this.#finish({ type: "failed", failure: refusal(this.#refusal) });
        return this.#finish(message);
    }
    this.#hear(message);
  }

  #fell({ refused = false } = {}) {
    if (this.#over) return;
    this.#socket = null;
    never(this.#watch);
    if (refused && !this.#fresh) {
      // A browser is not told why a socket was refused; an old token is the one reason that can be mended.
      this.#fresh = true;
      return this.open({ fresh: true });
    }
    if (!this.#placed) {
      return this.#finish({ type: "failed", failure: new Failure("The host of the meeting does not answer. Check the link and the network, then try again.") });
    }
    this.#lose();
    const wait = WAITS[this.#attempt];
    this.#attempt += 1;
    if (wait === undefined) return this.#finish({ type: "ended", code: 408, subcode: 10057 });
    this.#again = later(wait, () => {
      this.#again = 0;
      this.open();
    });
  }

  // Waits for the end of our patience; what lies unread then still counts as heard.
  #look() {
    never(this.#watch);
    const patience = this.#doubted || !this.#inside ? SILENCE : DOUBT;
    const left = this.#heard + patience - performance.now();
    this.#watch = later(Math.max(0, left), () => setTimeout(() => this.#silence(patience)));
  }

  #silence(patience) {
    if (this.#over || !this.#socket || performance.now() - this.#heard < patience) return;
    if (patience === DOUBT) {
      this.#doubted = true;
      this.#lose();
      return this.#look();
    }
    const socket = this.#socket;
    this.#fell();
    socket.close();
  }

  #lose() {
    if (this.#lost) return;
    this.#lost = true;
    this.#hear({ type: "link", state: "lost" });
  }

  #back() {
    if (!this.#lost) return;
    this.#lost = false;
    this.#hear({ type: "link", state: "back" });
  }

  #finish(message) {
    if (this.#over) return;
    this.#over = true;
    never(this.#watch);
    never(this.#again);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#plan.guest.keep({ callId: undefined });
    this.#hear(message);
  }
}

function refusal(reason) {
  if (reason === "WrongPasscode") return new Failure("That passcode is not the one of this meeting. Check it and join again.", { about: "passcode" });
  if (reason === "UnknownMeeting") return new Failure("There is no such meeting on this host. It may have ended with the host; ask for a new link.");
  return new Failure(`The host did not let you join: ${reason}.`);
}

// How often the service shall say that it is there, in milliseconds.
const BEAT = 80;
// After this silence nobody can tell what is recorded.
const DOUBT = 230;
// After this silence the socket is given up.
const SILENCE = 5_000;
const OUR_BEAT = 5_000;
const WAITS = [0, 1_000, 2_000, 5_000, 10_000];
