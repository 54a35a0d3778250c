// What all features of a call share.
import type { StandInCall } from "./call.js";
import { Emitter } from "./emitter.js";

export class CallFeature extends Emitter {
  get name(): string {
    return this.constructor.name;
  }

  constructor(protected readonly call: StandInCall) {
    super();
  }

  dispose(): void {}
}
