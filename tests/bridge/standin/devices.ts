// Sound devices as the browser lists them, and others that a test plugs in.
import type * as Sdk from "@azure/communication-calling";
import { Emitter } from "./emitter.js";
import { stage } from "./stage.js";

export class StandInDeviceManager extends Emitter implements Sdk.DeviceManager {
  readonly isSpeakerSelectionAvailable = true;
  selectedMicrophone?: Sdk.AudioDeviceInfo;
  selectedSpeaker?: Sdk.AudioDeviceInfo;
  #isGranted = false;
  #plugged: Sdk.AudioDeviceInfo[] = [];

  async getCameras(): Promise<Sdk.VideoDeviceInfo[]> {
    throw new Error("the page must never ask for cameras");
  }

  getMicrophones(): Promise<Sdk.AudioDeviceInfo[]> {
    return this.#listed("audioinput", "Microphone");
  }

  getSpeakers(): Promise<Sdk.AudioDeviceInfo[]> {
    return this.#listed("audiooutput", "Speaker");
  }

  async selectMicrophone(selectedMicrophone: Sdk.AudioDeviceInfo): Promise<void> {
    stage.check("selectMicrophone");
    this.become({ selectedMicrophone }, "selectedMicrophoneChanged");
  }

  async selectSpeaker(selectedSpeaker: Sdk.AudioDeviceInfo): Promise<void> {
    stage.check("selectSpeaker");
    this.become({ selectedSpeaker }, "selectedSpeakerChanged");
  }

  async askDevicePermission({ audio }: Sdk.PermissionConstraints): Promise<Sdk.DeviceAccess> {
    stage.check("askDevicePermission");
    const stream = audio ? await navigator.mediaDevices.getUserMedia({ audio }).catch(() => null) : null;
    for (const track of stream?.getTracks() ?? []) track.stop();
    this.#isGranted = stream !== null;
    this.selectedMicrophone = (await this.getMicrophones())[0];
    this.selectedSpeaker = (await this.getSpeakers())[0];
    // As the real one: it says so although nobody asked.
    return { audio: this.#isGranted, video: true };
  }

  async startPreheatDevices(): Promise<void> {}
  stopPreheatDevices(): void {}

  plug(name: string): void {
    const device = { id: `microphone:${name}`, name, isSystemDefault: false, deviceType: "Microphone" } as const;
    this.#plugged.push(device);
    this.emit("audioDevicesUpdated", { added: [device], removed: [] });
  }

  async #listed(kind: MediaDeviceKind, deviceType: Sdk.AudioDeviceType): Promise<Sdk.AudioDeviceInfo[]> {
    if (!this.#isGranted) return [];
    const all = await navigator.mediaDevices.enumerateDevices();
    const found = all.filter((one) => one.kind === kind).map(({ deviceId, label }) => ({ id: `${deviceType.toLowerCase()}:${deviceId}`, name: label, isSystemDefault: deviceId === "default", deviceType }));
    return [...found, ...this.#plugged.filter((one) => one.deviceType === deviceType)];
  }
}
