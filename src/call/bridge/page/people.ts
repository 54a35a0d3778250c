// People as the program knows them: raw ids and names.
import type { CallerInfo, ParticipantInfo } from "@azure/communication-calling";
import type { CommunicationIdentifier } from "@azure/communication-common";
import type { Person } from "./protocol/values.js";
import type { Sdk } from "./sdk.js";

export class People {
  constructor(private readonly sdk: Sdk) {}

  id(identifier: CommunicationIdentifier): string {
    return this.sdk.getIdentifierRawId(identifier);
  }

  identifier(id: string) {
    return this.sdk.createIdentifierFromRawId(id);
  }

  person({ identifier, displayName }: CallerInfo | ParticipantInfo): Person {
    return { id: identifier ? this.id(identifier) : null, displayName: displayName ?? null };
  }

  // Nobody when nothing is known.
  maybe(info: CallerInfo | undefined): Person | null {
    return info && (info.identifier || info.displayName) ? this.person(info) : null;
  }
}
