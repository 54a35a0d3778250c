// Handing a call to somebody else, and being handed on.
import type { Transfer } from "@azure/communication-calling";
import type { LiveCall, Watch } from "./call.js";
import { Refusal } from "./failure.js";
import type { TransferTarget } from "./protocol/values.js";
import type { AnyCall } from "./sdk.js";

// The one who transferred us hands us a new call.
export function watchTransfers(entered: (call: AnyCall, from: LiveCall) => void): Watch {
  return (call) => {
    call.feature("Transfer").on("transferAccepted", ({ targetCall }) => entered(targetCall as AnyCall, call));
    return undefined;
  };
}

let transfers = 0;

// Begins it; the number tells its states apart.
export function transfer(call: LiveCall, to: TransferTarget, idOf: (call: number) => string): { transfer: number; say: () => void } {
  const begun = begin(call, to, idOf);
  const number = ++transfers;
  const say = () =>
    call.moment({ type: "transfer", call: call.number, transfer: number, state: begun.state, code: begun.error?.code ?? null, subCode: begun.error?.subCode ?? null });
  begun.on("stateChanged", say);
  return { transfer: number, say };
}

function begin(call: LiveCall, to: TransferTarget, idOf: (call: number) => string): Transfer {
  const feature = call.feature("Transfer");
  if ("id" in to) return feature.transfer({ targetParticipant: call.people.identifier(to.id) });
  if ("call" in to) return feature.transfer({ targetCallId: idOf(to.call) });
  const identifier = call.people.identifier(to.voicemail);
  if (identifier.kind !== "microsoftTeamsUser") throw new Refusal("WrongCommand", "only a Teams user has a voicemail");
  return feature.transfer({ targetParticipantVoicemail: identifier });
}
