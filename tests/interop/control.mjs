// The control API of the service, as tests use it.
export class Control {
  constructor({ controlUrl, controlKey }) {
    this.url = `${controlUrl}/v1`;
    this.key = controlKey;
  }

  post(path, body) {
    return this.ask("POST", path, body);
  }

  get(path) {
    return this.ask("GET", path);
  }

  async ask(method, path, body) {
    const answer = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${this.key}`, "content-type": "application/json" },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`control ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  // The next requests of a class are refused.
  refuse(status, { retryAfter, times = 1, of = "chatWrite" } = {}) {
    return this.post("/faults", { class: of, effect: { refuse: { status, retryAfter } }, times });
  }

  patch({ threadId }, options) {
    return this.ask("PATCH", `/meetings/${encodeURIComponent(threadId)}`, options);
  }

  // An act on a meeting, or on somebody in it.
  meeting({ threadId }, act, body = {}) {
    return this.post(`/meetings/${encodeURIComponent(threadId)}/${act}`, body);
  }

  person({ threadId }, who, act, body = {}) {
    return this.post(`/meetings/${encodeURIComponent(threadId)}/participants/${encodeURIComponent(who)}/${act}`, body);
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
