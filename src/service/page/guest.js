// Who the guest of this tab is: a name, and the access token of the service. Kept for a reload, in this tab only.

// What went wrong and what to do, in a sentence for people.
export class Failure extends Error {
  constructor(words, { status = 0, about = "" } = {}) {
    super(words);
    this.status = status;
    this.about = about;
  }
}

export class Guest {
  constructor(name) {
    this.name = name;
  }

  // The guest this tab had before it was loaded again, if it was in this very meeting.
  static returning(meetingId) {
    const kept = read();
    // Only a tab that went away says so; a copied tab is somebody else.
    if (!kept?.parked || kept.meeting?.id !== meetingId) {
      write(null);
      return null;
    }
    const guest = Object.assign(new Guest(kept.name), kept);
    guest.keep({ parked: false });
    return guest;
  }

  keep(changed) {
    Object.assign(this, changed);
    write({ ...this });
  }

  // The tab goes away, perhaps to come back.
  park() {
    if (this.callId) this.keep({ parked: true });
  }

  // An access token that holds for a while; asked for anew when it must be.
  async access({ fresh = false } = {}) {
    const left = Date.parse(this.expiresOn) - Date.now();
    if (fresh || !(left > RESERVE)) await this.#ask();
    return this.token;
  }

  async #ask() {
    const headers = { "content-type": "application/json" };
    if (this.token) headers.authorization = `Bearer ${this.token}`;
    const body = JSON.stringify({ kind: "external", displayName: this.name, scopes: ["chat", "voip"] });
    const answer = await fetch("/v1/token", { method: "POST", headers, body }).catch(() => null);
    if (!answer) throw new Failure("The host of the meeting does not answer. It may have ended, or this device has no network.");
    if (answer.status === 401 && this.token) {
      // Too old to be shown: the same person comes as a new one.
      delete this.token;
      delete this.callId;
      return this.#ask();
    }
    if (answer.status === 429) {
      const wait = Number(answer.headers.get("retry-after")) || 10;
      throw new Failure(`Too many people came from this address at once. Try again in ${wait} seconds.`, { status: 429 });
    }
    const told = await answer.json().catch(() => ({}));
    if (answer.status === 403) {
      throw new Failure(`${told.error?.message ?? "The host refused this page."} Ask whoever sent you the link for another one.`, { status: 403 });
    }
    if (!answer.ok) throw new Failure("The host of the meeting gave no access. Try again in a moment.", { status: answer.status });
    this.keep({ id: told.id, token: told.token, expiresOn: told.expiresOn });
  }
}

// Some browsers forbid storage: then a reload is a new beginning.
function read() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY));
  } catch {
    return null;
  }
}

function write(kept) {
  try {
    if (kept) sessionStorage.setItem(KEY, JSON.stringify(kept));
    else sessionStorage.removeItem(KEY);
  } catch {
    // Nothing is lost but the memory of a reload.
  }
}

const KEY = "sidetone.guest";
const RESERVE = 60_000;
