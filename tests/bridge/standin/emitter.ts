// What every object of the SDK has: `on` and `off`, and here `emit`.
type Listener = (...news: any[]) => void;

export class Emitter {
  #listeners = new Map<string, Set<Listener>>();

  on(event: string, listener: Listener): void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
  }

  off(event: string, listener: Listener): void {
    this.#listeners.get(event)?.delete(listener);
  }

  emit(event: string, ...news: unknown[]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) listener(...news);
  }

  // New values, and the events that tell of them.
  become(values: object, ...events: string[]): void {
    Object.assign(this, values);
    for (const event of events) this.emit(event);
  }
}
