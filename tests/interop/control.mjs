// The control API of the service, as tests use it.
export class Control {
  constructor({ controlUrl, controlKey }) {
    this.url = `${controlUrl}/v1`;
    this.key = controlKey;
  }

  async post(path, body) {
    const answer = await fetch(this.url + path, {
      method: "POST",
      headers: { authorization: `Bearer ${this.key}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`control ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  // The next requests of a class are refused.
  refuse(status, { retryAfter, times = 1, of = "chatWrite" } = {}) {
    return this.post("/faults", { class: of, effect: { refuse: { status, retryAfter } }, times });
  }

  // Cuts the realtime connections of one person.
  drop(who) {
    return this.post("/drop", { channel: "chat", how: "drop", who });
  }

  // Asks the clients of one person to connect anew, as before planned work.
  reconnect(who) {
    return this.post("/reconnect", { who });
  }
}
