// The SDK's clients: one that is always there, for the environment and the devices, and others as more agents want one.
import type { CallClient } from "@azure/communication-calling";

export class Clients {
  readonly all: CallClient[] = [];
  #free: CallClient[] = [];

  constructor(private readonly make: () => CallClient) {
    this.#free.push(this.#another());
  }

  get first(): CallClient {
    return this.all[0]!;
  }

  // A client has at most one agent.
  take(): CallClient {
    return this.#free.pop() ?? this.#another();
  }

  giveBack(client: CallClient): void {
    this.#free.push(client);
  }

  #another(): CallClient {
    const client = this.make();
    this.all.push(client);
    return client;
  }
}
