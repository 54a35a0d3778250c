// The realtime channel of chat, as documented: allocation, handshake, socket, registration, and starting over.
import { uuid } from "./dom.js";

export class Realtime {
  #guest;
  #hear;
  #epid = uuid();
  #session = uuid();
  #attempts = 0;
  #failures = 0;
  #socket = null;
  #timers = new Set();
  #sent = 0;
  #stopped = false;

  // `hear` gets each event of the service, and `null` whenever something may have been missed.
  constructor(guest, hear) {
    this.#guest = guest;
    this.#hear = hear;
    this.#connect();
  }

  stop() {
    this.#stopped = true;
    this.#drop();
    this.#guest.access().then((token) => fetch(`/v3/registrations/${this.#epid}`, { method: "DELETE", headers: { "x-skypetoken": token }, keepalive: true })).catch(() => {});
  }

  async #connect() {
    let socket = null;
    try {
      const token = await this.#guest.access();
      const given = await this.#allocate(token);
      const query = new URLSearchParams({ ...given.connectparams, v: "v4", timeout: PING / 1000, auth: "true", epid: this.#epid, cor_id: this.#session, tc: CLIENT });
      const shaken = await this.#ask(`/socket.io/1/?${query}`, token);
      const [sid] = (await shaken.text()).split(":");
      if (this.#stopped) return;
      socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/socket.io/1/websocket/${sid}?${query}`);
      this.#socket = socket;
      socket.onmessage = ({ data }) => socket === this.#socket && this.#packet(data, given);
      socket.onclose = () => socket === this.#socket && this.#again();
      this.#after(WELCOME, () => this.#again());
    } catch {
      this.#again();
    }
  }

  async #allocate(token) {
    this.#attempts += 1;
    const query = new URLSearchParams({ cor_id: this.#session, con_num: `${START}_${this.#attempts}`, epid: this.#epid });
    const answer = await this.#ask(`/v4/a?${query}`, token, { method: "POST", headers: { "content-type": "text/plain" } });
    return answer.json();
  }

  async #ask(path, token, { headers, ...rest } = {}) {
    const answer = await fetch(path, { ...rest, headers: { ...headers, "x-skypetoken": token } });
    if (answer.status === 401) await this.#guest.access({ fresh: true });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return answer;
  }

  #packet(text, given) {
    const [, type, id, data] = /^(\d):([^:]*):[^:]*:?([^]*)$/.exec(text) ?? [];
    switch (type) {
      case "0":
      case "7":
        return this.#again();
      case "2":
        return this.#socket.send("2::");
      case "3":
        if (id) this.#socket.send(`6:::${id}`);
        return this.#request(JSON.parse(data));
      case "5":
        return this.#event(JSON.parse(data), given);
      case "6":
        return this.#clear("pong");
    }
  }

  #event({ name, args }, given) {
    switch (name) {
      case "trouter.connected":
        this.#clear();
        this.#emit("user.activity", { state: "active" });
        this.#ping();
        return this.#register(given);
      case "trouter.message_loss":
        this.#emit("trouter.processed_message_loss", args[0]);
        return this.#hear(null);
      case "trouter.reconnect":
        this.#failures = 0;
        return this.#again();
    }
  }

  #request({ id, headers = {}, body }) {
    const answer = { id, status: 200, headers: { "MS-CV": `${headers["MS-CV"] ?? ""}.0`, "trouter-request": headers["trouter-request"] }, body: "" };
    this.#socket.send(`3:::${JSON.stringify(answer)}`);
    this.#hear(JSON.parse(body));
  }

  // Events come only to who is registered; what was said before that has to be read.
  async #register({ surl, ttl }) {
    const lasts = Math.min(REGISTRATION, Number(ttl) || REGISTRATION);
    const body = {
      clientDescription: { appId: "AcsWeb", aesKey: "", languageId: "en-US", platform: "SPOOL", templateKey: "AcsWeb_Chat_2.1", platformUIVersion: "0.0.0" },
      registrationId: this.#epid,
      nodeId: "",
      transports: { TROUTER: [{ context: "", path: surl, ttl: lasts }] },
    };
    const socket = this.#socket;
    try {
      const headers = { "content-type": "application/json" };
      await this.#ask("/v3/registrations", await this.#guest.access(), { method: "POST", headers, body: JSON.stringify(body) });
    } catch {
      if (socket === this.#socket) this.#again();
      return;
    }
    if (socket !== this.#socket) return;
    this.#failures = 0;
    this.#hear(null);
    this.#after((lasts - 30) * 1000, () => this.#register({ surl, ttl }));
  }

  #ping() {
    this.#emit("ping");
    this.#after(PONG, () => this.#again(), "pong");
    this.#after(PING, () => this.#ping());
  }

  #emit(name, ...args) {
    this.#sent += 1;
    this.#socket.send(`5:${this.#sent}+::${JSON.stringify(args.length > 0 ? { name, args } : { name })}`);
  }

  #again() {
    this.#drop();
    if (this.#stopped) return;
    const wait = Math.min(LONGEST, 2 ** this.#failures * 1000) * (0.8 + Math.random() * 0.4);
    // The first attempt need not wait: most often it is one socket that broke.
    this.#after(this.#failures === 0 ? 0 : wait, () => this.#connect());
    this.#failures += 1;
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    this.#clear();
    this.#sent = 0;
    if (socket?.readyState === WebSocket.OPEN) socket.send("0::");
    socket?.close();
  }

  #after(wait, act, what = "") {
    const timer = { what, id: setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, wait) };
    this.#timers.add(timer);
  }

  #clear(what) {
    for (const timer of this.#timers) {
      if (what !== undefined && timer.what !== what) continue;
      clearTimeout(timer.id);
      this.#timers.delete(timer);
    }
  }
}

const START = Date.now();
const CLIENT = JSON.stringify({ cv: "2024.14.01.55", ua: "sidetone-page", hr: "", v: "1.0.0" });
const PING = 40_000;
const PONG = 5_000;
const WELCOME = 20_000;
const LONGEST = 50_000;
// Seconds.
const REGISTRATION = 7_200;
