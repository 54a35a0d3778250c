// The others in a call.
import type * as Sdk from "@azure/communication-calling";
import { type CommunicationIdentifier, createIdentifierFromRawId, getIdentifierKind } from "@azure/communication-common";
import { Emitter } from "./emitter.js";
import { stage } from "./stage.js";

export class StandInScreen extends Emitter implements Sdk.RemoteVideoStream {
  readonly id = 1;
  readonly mediaStreamType = "ScreenSharing";
  readonly isReceiving = false;
  readonly size = { width: 1920, height: 1080 };
  isAvailable = true;

  async getMediaStream(): Promise<MediaStream> {
    return new MediaStream();
  }
}

export class StandInParticipant extends Emitter implements Sdk.RemoteParticipant {
  readonly identifier;
  displayName?: string;
  hasDisplayNameChanged = false;
  endpointDetails: Sdk.EndpointDetails[] = [{ participantId: crypto.randomUUID() }];
  state: Sdk.RemoteParticipantState = "Connected";
  callEndReason?: Sdk.CallEndReason;
  videoStreams: StandInScreen[] = [];
  isMuted = true;
  isSpeaking = false;
  role: Sdk.ParticipantRole = "Attendee";

  constructor(who: string | CommunicationIdentifier, private readonly muteOf: (one: StandInParticipant) => Promise<void> = async () => {}) {
    super();
    this.identifier = typeof who === "string" ? createIdentifierFromRawId(who) : getIdentifierKind(who);
  }

  async mute(): Promise<void> {
    stage.check("muteParticipant");
    await this.muteOf(this);
  }

  // Shares a screen, or no more.
  share(isShared: boolean): void {
    const added = isShared ? [new StandInScreen()] : [];
    const removed = this.videoStreams;
    this.videoStreams = added;
    this.emit("videoStreamsUpdated", { added, removed });
  }
}

export class StandInLobby extends Emitter implements Sdk.Lobby {
  participants: StandInParticipant[] = [];

  constructor(private readonly ask: (message: Record<string, unknown>) => Promise<void>, private readonly idOf: (who: CommunicationIdentifier) => string) {
    super();
  }

  async admit(participant: CommunicationIdentifier): Promise<void> {
    stage.check("admit");
    await this.ask({ type: "admit", id: this.idOf(participant) });
  }

  async reject(participant: CommunicationIdentifier): Promise<void> {
    stage.check("rejectFromLobby");
    await this.ask({ type: "reject", id: this.idOf(participant) });
  }

  async admitAll(): Promise<Sdk.AdmitAllOperationResult> {
    stage.check("admitAll");
    const successCount = this.participants.length;
    await this.ask({ type: "admitAll" });
    return { successCount, failureCount: 0 };
  }
}
