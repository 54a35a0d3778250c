// Access tokens: asked of the program whenever the SDK wants one, and kept nowhere here.
import type { Control } from "./control.js";
import { Refusal } from "./failure.js";
import type { Word } from "./protocol/to_page.js";
import type { Identity } from "./protocol/values.js";

export interface Token {
  token: string;
  expiresOnTimestamp: number;
}

export class Tokens {
  #control: Control;
  #waiting = new Map<number, { give(token: string | Token): void; refuse(error: Refusal): void }>();
  #asked = 0;

  constructor(control: Control) {
    this.#control = control;
  }

  // With the time at which it ends if the program tells; else the SDK reads that in the token.
  ask(identity: Identity, agent: number | null): Promise<string | Token> {
    const wanted = ++this.#asked;
    return new Promise((give, refuse) => {
      this.#waiting.set(wanted, { give, refuse });
      this.#control.say({ type: "tokenWanted", wanted, identity, agent });
    });
  }

  answer(word: Extract<Word, { wanted: number }>): void {
    const waiting = this.#waiting.get(word.wanted);
    this.#waiting.delete(word.wanted);
    if (word.type === "tokenRefused") return waiting?.refuse(new Refusal("NoToken", word.because));
    waiting?.give(word.expiresOn === null || word.expiresOn === undefined ? word.token : { token: word.token, expiresOnTimestamp: word.expiresOn });
  }
}
