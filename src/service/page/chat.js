// The meeting's chat over REST and its realtime channel: what came, what was missed, what could not be sent.
import { uuid } from "./dom.js";
import { Failure } from "./guest.js";
import { Realtime } from "./realtime.js";

export class Chat {
  #thread;
  #guest;
  #hear;
  #realtime;
  #typed = 0;
  #read = 0;
  #reading = 0;
  #newest = 0;

  // `hear` gets `{message}`, `{typing}`, `{earlier}` (a list) and `{closed}` (words, or nothing when it is open again).
  constructor(thread, guest, hear) {
    this.#thread = thread;
    this.#guest = guest;
    this.#hear = hear;
    this.#realtime = new Realtime(guest, (event) => (event ? this.#event(event) : this.catchUp()));
  }

  stop() {
    this.#realtime.stop();
    clearTimeout(this.#reading);
  }

  // Shows it at once, and says when it did not go out.
  send(text) {
    const message = { clientId: uuid(), kind: "text", content: text, mine: true, version: 0, attachments: [], state: "sending" };
    this.#post(message);
  }

  again(message) {
    this.#post({ ...message, state: "sending" });
  }

  typing() {
    if (Date.now() - this.#typed < TYPING) return;
    this.#typed = Date.now();
    this.#ask("/typing", { method: "POST", body: "{}" }).catch(() => {});
  }

  // Tells the others what was read; not more often than they could care for.
  sawAll() {
    if (this.#newest <= this.#read || this.#reading) return;
    this.#reading = setTimeout(() => {
      this.#reading = 0;
      this.#read = this.#newest;
      this.#ask("/readReceipts", { method: "POST", body: JSON.stringify({ chatMessageId: String(this.#read) }) }).catch(() => {});
    }, READING);
  }

  // The address of a picture in this page, or nothing.
  async picture(path) {
    const url = new URL(path, location.origin);
    // The token is for our own service only.
    if (url.origin !== location.origin) return null;
    const token = await this.#guest.access();
    if (!url.searchParams.has("api-version")) url.searchParams.set("api-version", VERSION);
    const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } }).catch(() => null);
    return answer?.ok ? URL.createObjectURL(await answer.blob()) : null;
  }

  // Reads what may have been missed; what is known already changes nothing.
  async catchUp() {
    try {
      const found = [];
      let next = `/messages?maxPageSize=200`;
      for (let pages = 0; next && pages < MOST_PAGES; pages += 1) {
        const answer = await this.#ask(next);
        const page = await answer.json();
        found.push(...page.value);
        next = page.nextLink;
      }
      this.#hear({ closed: null });
      const earlier = found.filter(({ type }) => TYPES[type.toLowerCase()]).map((message) => this.#fromList(message)).reverse();
      for (const message of earlier) this.#newest = Math.max(this.#newest, Number(message.id));
      this.#hear({ earlier });
    } catch (failure) {
      this.#hear({ closed: failure.status === 403 || failure.status === 404 ? CLOSED : null });
    }
  }

  async #post(message) {
    this.#hear({ message });
    const body = JSON.stringify({ content: message.content, type: "text", metadata: { clientMessageId: message.clientId } });
    try {
      const answer = await this.#ask("/messages", { method: "POST", body });
      const { id } = await answer.json();
      this.#hear({ message: { ...message, id, version: Number(id), at: Number(id), state: "sent" } });
    } catch (failure) {
      if (failure.status === 403) this.#hear({ closed: CLOSED });
      this.#hear({ message: { ...message, state: "failed", why: failure.message } });
    }
  }

  async #ask(path, { method = "GET", body } = {}, { fresh = false, attempt = 0 } = {}) {
    const url = new URL(path.startsWith("/") ? `/chat/threads/${encodeURIComponent(this.#thread)}${path}` : path, location.origin);
    // A page's own link is followed as it is, but only back to where it came from.
    const address = new URL(url.pathname + url.search, location.origin);
    if (!address.searchParams.has("api-version")) address.searchParams.set("api-version", VERSION);
    const token = await this.#guest.access({ fresh });
    const headers = { authorization: `Bearer ${token}` };
    if (body) headers["content-type"] = "application/json";
    const answer = await fetch(address, { method, headers, body }).catch(() => null);
    if (!answer) throw new Failure("no connection to the host");
    if (answer.ok) return answer;
    if (answer.status === 401 && !fresh) return this.#ask(path, { method, body }, { fresh: true, attempt });
    if (answer.status === 429 && attempt < 2) {
      await new Promise((resolve) => setTimeout(resolve, (Number(answer.headers.get("retry-after")) || 1) * 1000));
      return this.#ask(path, { method, body }, { attempt: attempt + 1 });
    }
    throw new Failure(REASONS[answer.status] ?? "the host has trouble of its own", { status: answer.status });
  }

  #event(event) {
    if (event.groupId !== this.#thread) return;
    switch (event.eventId) {
      case 200:
      case 247:
      case 248: {
        const message = this.#fromEvent(event);
        this.#newest = Math.max(this.#newest, Number(message.id));
        return this.#hear({ message });
      }
      case 245:
        if (event.senderId !== this.#guest.id) this.#hear({ typing: event.senderDisplayName });
    }
  }

  #fromEvent(event) {
    return {
      id: event.messageId,
      version: Number(event.version),
      kind: TYPES[event.messageType?.toLowerCase()] ?? "text",
      content: event.messageBody ?? "",
      sender: event.senderDisplayName,
      mine: event.senderId === this.#guest.id,
      clientId: nested(event.acsChatMessageMetadata, {}).clientMessageId,
      attachments: nested(event.attachments, []),
      at: Date.parse(event.originalArrivalTime),
      edited: Boolean(event.edittime),
      deleted: Boolean(event.deletetime),
      state: "sent",
    };
  }

  #fromList(message) {
    return {
      id: message.id,
      version: Number(message.version),
      kind: TYPES[message.type.toLowerCase()],
      content: message.content?.message ?? "",
      sender: message.senderDisplayName,
      mine: message.senderCommunicationIdentifier?.rawId === this.#guest.id,
      clientId: message.metadata?.clientMessageId,
      attachments: message.content?.attachments ?? [],
      at: Date.parse(message.createdOn),
      edited: Boolean(message.editedOn),
      deleted: Boolean(message.deletedOn),
      state: "sent",
    };
  }
}

// JSON inside JSON, as the channel sends it.
function nested(text, otherwise) {
  try {
    return JSON.parse(text) ?? otherwise;
  } catch {
    return otherwise;
  }
}

const VERSION = "2025-03-15";
const TYPES = { text: "text", html: "html", "richtext/html": "html" };
const CLOSED = "The chat of this meeting is closed to you. The call goes on.";
const REASONS = {
  400: "it is too long or not readable",
  403: "the chat is closed to you",
  404: "the chat is not there any more",
  413: "it is too long",
  429: "too much was sent at once",
};
const TYPING = 8_000;
const READING = 2_000;
const MOST_PAGES = 5;
