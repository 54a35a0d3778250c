// Breakout rooms: a room brings a call of its own, and the meeting waits.
import type * as Sdk from "@azure/communication-calling";
import type { StandInCall } from "./call.js";
import { CallFeature } from "./feature.js";
import { stage } from "./stage.js";

class Room implements Sdk.BreakoutRoom {
  state: Sdk.BreakoutRoomState = "open";
  autoMoveParticipantToBreakoutRoom = false;
  invitees: Sdk.Invitee[] = [];
  call?: Sdk.Call;

  constructor(private readonly of: BreakoutRooms, readonly threadId: string, readonly displayName: string) {}

  async join(): Promise<Sdk.Call> {
    stage.check("joinBreakoutRoom");
    return this.of.enter(this);
  }

  async returnToMainMeeting(): Promise<Sdk.Call> {
    stage.check("returnToMainMeeting");
    return this.of.back(this);
  }
}

export class BreakoutRooms extends CallFeature implements Sdk.BreakoutRoomsCallFeature {
  assignedBreakoutRooms?: Room;
  breakoutRooms?: Room[];
  breakoutRoomsSettings?: Sdk.BreakoutRoomsSettings;

  assign(threadId: string, displayName: string): void {
    this.assignedBreakoutRooms = new Room(this, threadId, displayName);
    this.emit("breakoutRoomsUpdated", { type: "assignedBreakoutRooms", data: this.assignedBreakoutRooms });
  }

  settle(breakoutRoomsSettings: Sdk.BreakoutRoomsSettings): void {
    this.breakoutRoomsSettings = breakoutRoomsSettings;
    this.emit("breakoutRoomsUpdated", { type: "breakoutRoomsSettings", data: breakoutRoomsSettings });
  }

  list(...names: [string, string][]): void {
    this.breakoutRooms = names.map(([threadId, name]) => new Room(this, threadId, name));
    this.emit("breakoutRoomsUpdated", { type: "breakoutRooms", data: this.breakoutRooms });
  }

  // By the person, or by the organizer who moves everybody.
  enter(room: Room): Sdk.Call {
    const call = this.call.another({ state: "Connected" });
    call.info.threadId = room.threadId;
    call.features.BreakoutRooms.assignedBreakoutRooms = new Room(this, room.threadId, room.displayName);
    room.call = call as unknown as Sdk.Call;
    this.call.to("LocalHold");
    this.emit("breakoutRoomsUpdated", { type: "join", data: room.call });
    return room.call;
  }

  back(room: Room): Sdk.Call {
    (room.call as unknown as StandInCall | undefined)?.end(0, 0);
    room.call = undefined;
    this.call.to("Connected");
    return this.call as unknown as Sdk.Call;
  }

  // The organizer closes the rooms. The meeting may stay on hold.
  close(staysOnHold = false): void {
    const room = this.assignedBreakoutRooms;
    if (room?.call && staysOnHold) (room.call as unknown as StandInCall).end(0, 0);
    else if (room?.call) this.back(room);
    this.assignedBreakoutRooms = undefined;
    this.emit("breakoutRoomsUpdated", { type: "assignedBreakoutRooms", data: undefined });
  }
}
