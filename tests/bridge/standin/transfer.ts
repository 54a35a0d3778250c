// Handing a call to somebody else, and being handed on.
import type * as Sdk from "@azure/communication-calling";
import type { StandInCall } from "./call.js";
import { Emitter } from "./emitter.js";
import { CallFeature } from "./feature.js";
import { stage } from "./stage.js";

class Transferring extends Emitter implements Sdk.Transfer {
  state: Sdk.TransferState = "None";
  error?: Sdk.TransferErrorCode;
}

export class Transfer extends CallFeature implements Sdk.TransferCallFeature {
  // To whom, for the test to see.
  readonly targets: unknown[] = [];

  transfer(target: Sdk.TransferToParticipantLocator | Sdk.TransferToCallLocator | Sdk.TransferToVoicemailLocator): Sdk.Transfer {
    stage.check("transfer");
    this.targets.push(target);
    const transfer = new Transferring();
    setTimeout(() => {
      transfer.become({ state: "Transferring" }, "stateChanged");
      const isDone = stage.transferEnds === "Transferred";
      setTimeout(() => transfer.become({ state: stage.transferEnds, ...(!isDone && { error: { code: 403, subCode: 5828 } }) }, "stateChanged"));
    });
    return transfer;
  }

  // Somebody transfers us.
  accept(): StandInCall {
    const targetCall = this.call.another({ state: "Connected", direction: "Outgoing" });
    this.emit("transferAccepted", { targetCall });
    return targetCall;
  }
}
