// Breakout rooms: which there are, and the calls that they bring.
import type { BreakoutRoom as SdkRoom, BreakoutRoomsSettings } from "@azure/communication-calling";
import type { LiveCall, Watch } from "./call.js";
import { Refusal } from "./failure.js";
import type { BreakoutRoom, BreakoutSettings } from "./protocol/values.js";
import type { AnyCall } from "./sdk.js";

// `entered` learns of the call in a room in the very moment at which the SDK hands it out.
export function watchRooms(entered: (call: AnyCall, from: LiveCall) => void, numberOf: (call: AnyCall) => number | null): Watch {
  return (call) => {
    const feature = call.feature("BreakoutRooms");
    const say = () => {
      const room = (one: SdkRoom): BreakoutRoom => ({
        threadId: one.threadId,
        displayName: one.displayName ?? null,
        state: one.state,
        movesByItself: one.autoMoveParticipantToBreakoutRoom ?? null,
        invitees: one.invitees?.map(({ identifier }) => call.people.id(identifier)) ?? [],
        call: one.call ? numberOf(one.call) : null,
      });
      call.state({
        type: "breakoutRooms",
        call: call.number,
        assigned: feature.assignedBreakoutRooms ? room(feature.assignedBreakoutRooms) : null,
        rooms: feature.breakoutRooms?.map(room) ?? null,
        settings: feature.breakoutRoomsSettings ? settings(feature.breakoutRoomsSettings) : null,
      });
    };
    feature.on("breakoutRoomsUpdated", (event) => {
      if (event.type === "join") entered(event.data, call);
      say();
    });
    return say;
  };
}

export function roomOf(call: LiveCall, threadId: string): SdkRoom {
  const { assignedBreakoutRooms: assigned, breakoutRooms: rooms = [] } = call.feature("BreakoutRooms");
  const found = [...(assigned ? [assigned] : []), ...rooms].find((room) => room.threadId === threadId);
  if (!found) throw new Refusal("NotInThisCall", "there is no such breakout room");
  return found;
}

function settings({ disableReturnToMainMeeting, roomEndTime }: BreakoutRoomsSettings): BreakoutSettings {
  const time: { attemptTimestamp?: number | ""; deltaTimeInMs?: number | "" } = roomEndTime ?? {};
  return { disableReturn: disableReturnToMainMeeting ?? null, endsAt: time.attemptTimestamp || null, endsIn: time.deltaTimeInMs || null };
}
