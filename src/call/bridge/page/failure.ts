// What went wrong, as the program gets it. The fields of the SDK's errors are getters, so they are copied by name.
import type { EndReason, Failure, Trouble } from "./protocol/values.js";

// A failure of our own.
export class Refusal extends Error {
  override readonly name: Trouble;

  constructor(name: Trouble, message: string) {
    super(message);
    this.name = name;
  }
}

export function failure(error: unknown): Failure {
  const from = (error ?? {}) as Record<string, unknown>;
  const name = text(from.name) ?? "Unexpected";
  const isKnown = error instanceof Refusal || number(from.code) !== null;
  return {
    name: isKnown ? name : "Unexpected",
    message: isKnown ? (text(from.message) ?? "") : `${name}: ${text(from.message) ?? String(error)}`,
    code: number(from.code),
    subCode: number(from.subCode),
    categories: categories(from),
  };
}

export function endReason(reason: { code: number; subCode?: number } | undefined): EndReason {
  const from = (reason ?? {}) as Record<string, unknown>;
  return { code: number(from.code) ?? 0, subCode: number(from.subCode), message: text(from.message), categories: categories(from) };
}

// Not declared, and there at run time.
function categories({ resultCategories }: Record<string, unknown>): string[] {
  return Array.isArray(resultCategories) ? resultCategories.map(String) : [];
}

// A DOMException has an old number as its code, which is none of ours.
function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
