// Errors as the SDK's: the fields are getters, so JSON has nothing of them.
import type { CommunicationServicesError } from "@azure/communication-calling";

export class StandInError extends Error implements CommunicationServicesError {
  #code: number;
  #subCode: number;
  #categories: string[];

  constructor(code: number, subCode: number, message: string, categories: string[] = ["ExpectedError"]) {
    super(message);
    this.#code = code;
    this.#subCode = subCode;
    this.#categories = categories;
  }

  override get name(): string {
    return "CallingCommunicationError";
  }

  get code(): number {
    return this.#code;
  }

  get subCode(): number {
    return this.#subCode;
  }

  // Not declared, and there at run time.
  get resultCategories(): string[] {
    return this.#categories;
  }
}

export function refused(what: string, reason: string): StandInError {
  const [code, subCode] = CODES[what] ?? [403, 10085];
  return new StandInError(code, subCode, `${what} was refused: ${reason}`);
}

const CODES: Record<string, [number, number]> = { unmute: [400, 41016], mute: [500, 41015], hold: [500, 41033], resume: [500, 41034] };
