// What a test tells the stand-in to do: `globalThis.standin` in the page. Everything else is on the objects that it holds.
import type { StandInAgent, StandInIncomingCall } from "./agent.js";
import type { StandInCall } from "./call.js";
import type { CallClient } from "./client.js";
import { StandInError } from "./errors.js";

export class Stage {
  // Without a network an agent is made all the same, and joining fails.
  isOffline = false;
  // How long making an agent takes without a network, in milliseconds; 14 s in the real SDK.
  patience = 100;
  agents: StandInAgent[] = [];
  calls: StandInCall[] = [];
  rung: StandInIncomingCall[] = [];
  clients: CallClient[] = [];
  features: unknown = null;
  surveys: unknown[] = [];
  // The meetings that are named by id, group or room are looked for here.
  endpoint = "";
  // How the next Transfer ends.
  transferEnds: "Transferred" | "Failed" = "Transferred";
  #faults = new Map<string, StandInError>();

  // The next operation of this name fails so, until `mend`.
  break(operation: string, code: number, subCode: number, message = `${operation} failed`): void {
    this.#faults.set(operation, new StandInError(code, subCode, message));
  }

  set(name: "transferEnds", value: "Transferred" | "Failed"): void {
    this[name] = value;
  }

  // In the page, and nobody's command.
  fail(message: string): void {
    void Promise.reject(new Error(message));
  }

  mend(operation: string): void {
    this.#faults.delete(operation);
  }

  // Every operation passes here.
  check(operation: string): void {
    const fault = this.#faults.get(operation);
    if (fault) throw fault;
  }
}

export const stage = new Stage();
(globalThis as { standin?: Stage }).standin = stage;
