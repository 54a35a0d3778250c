// The beginning of everything: clients make agents, device managers, and tell of their environment.
import type * as Sdk from "@azure/communication-calling";
import type { CommunicationTokenCredential } from "@azure/communication-common";
import { StandInAgent } from "./agent.js";
import { StandInDeviceManager } from "./devices.js";
import { Emitter } from "./emitter.js";
import { StandInError } from "./errors.js";
import { stage } from "./stage.js";

export class CallClient {
  #agent: StandInAgent | null = null;
  devices: StandInDeviceManager | null = null;
  #features = new Map<unknown, unknown>();

  constructor(readonly options: Sdk.CallClientOptions = {}) {
    stage.clients.push(this);
  }

  feature<Feature extends Sdk.CallClientFeature>(factory: Sdk.CallClientFeatureFactory<Feature>): Feature {
    const known = this.#features.get(factory) ?? new factory.callClientApiCtor({ callClient: this as unknown as Sdk.CallClient });
    this.#features.set(factory, known);
    return known as Feature;
  }

  async createCallAgent(credential: CommunicationTokenCredential, options: Sdk.CallAgentOptions = {}): Promise<Sdk.CallAgent> {
    const agent = await this.#create(false, credential, options.displayName ?? "", options);
    return agent satisfies Sdk.CallAgent;
  }

  async createTeamsCallAgent(credential: CommunicationTokenCredential): Promise<Sdk.TeamsCallAgent> {
    const agent = await this.#create(true, credential, "Teams user");
    return agent satisfies Sdk.TeamsCallAgent;
  }

  async getDeviceManager(): Promise<Sdk.DeviceManager> {
    this.devices ??= new StandInDeviceManager();
    return this.devices;
  }

  async dispose(): Promise<void> {
    await this.#agent?.dispose();
  }

  async #create(isTeams: boolean, credential: CommunicationTokenCredential, displayName: string, options: unknown = {}): Promise<StandInAgent> {
    stage.check("createCallAgent");
    if (this.#agent) throw new StandInError(409, isTeams ? 40230 : 40228, "there is an agent already");
    const { token } = await credential.getToken();
    const claims = read(token);
    if (!claims) throw new StandInError(401, 44111, "Invalid token");
    const scopes = String(claims.acsScope ?? "").split(",");
    if (!scopes.some((scope) => scope === "voip" || scope === "voip.join")) throw new StandInError(401, 44113, "the token has no scope for calls");
    const agent = (this.#agent = new StandInAgent(isTeams, credential, displayName, options, () => (this.#agent = null)));
    agent.token = token;
    // It is made all the same, after a long while.
    if (stage.isOffline || Number(claims.exp) * 1000 < Date.now()) await new Promise((resolve) => setTimeout(resolve, stage.patience));
    else agent.connectionState = "Connected";
    return agent;
  }
}

function read(token: string): Record<string, unknown> | null {
  try {
    return JSON.parse(atob(token.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    return null;
  }
}

export class DebugInfo extends Emitter implements Sdk.DebugInfoCallClientFeature {
  readonly name = "DebugInfo";
  isCallClientActiveInAnotherTab = false;

  async getEnvironmentInfo(): Promise<Sdk.EnvironmentInfo> {
    const browserVersion = /Chrome\/([\d.]+)/.exec(navigator.userAgent)?.[1] ?? "";
    return { environment: { platform: "Linux", browser: "Chrome", browserVersion }, isSupportedPlatform: true, isSupportedBrowser: true, isSupportedBrowserVersion: true, isSupportedEnvironment: true };
  }

  dispose(): void {}
}

export const clientFeatures = { DebugInfo: { callClientApiCtor: DebugInfo as new (context: Sdk.CallClientFeatureContext) => DebugInfo } };
