// The control API of the service, as tests use it.
export class Control {
  constructor({ controlUrl, controlKey }) {
    this.url = controlUrl;
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

  fault(fault) {
    return this.post("/faults", fault);
  }
}
