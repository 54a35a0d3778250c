// The browser's microphones and speakers; they matter in system mode.
import type { AudioDeviceInfo, CallClient, DeviceManager } from "@azure/communication-calling";
import type { Control } from "./control.js";
import { Refusal } from "./failure.js";
import type { Device, Devices } from "./protocol/values.js";

export class SoundDevices {
  #manager: DeviceManager | null = null;
  #control: Control;

  constructor(control: Control) {
    this.#control = control;
  }

  // Lists are empty before the permission is given.
  async ask(client: CallClient): Promise<{ isGranted: boolean; devices: Devices }> {
    const manager = await this.#open(client);
    const { audio } = await manager.askDevicePermission({ audio: true, video: false });
    return { isGranted: audio, devices: await listed(manager) };
  }

  async selectMicrophone(client: CallClient, id: string): Promise<void> {
    const manager = await this.#open(client);
    await manager.selectMicrophone(named(id, await manager.getMicrophones()));
  }

  async selectSpeaker(client: CallClient, id: string): Promise<void> {
    const manager = await this.#open(client);
    await manager.selectSpeaker(named(id, await manager.getSpeakers()));
  }

  async say(): Promise<void> {
    if (this.#manager) this.#control.say({ type: "devices", devices: await listed(this.#manager) });
  }

  // What a call in system mode hears with.
  get microphone(): AudioDeviceInfo | undefined {
    return this.#manager?.selectedMicrophone;
  }

  async #open(client: CallClient): Promise<DeviceManager> {
    if (this.#manager) return this.#manager;
    const manager = (this.#manager = await client.getDeviceManager());
    manager.on("audioDevicesUpdated", () => this.say());
    manager.on("selectedMicrophoneChanged", () => this.say());
    manager.on("selectedSpeakerChanged", () => this.say());
    return manager;
  }
}

async function listed(manager: DeviceManager): Promise<Devices> {
  return {
    microphones: (await manager.getMicrophones()).map(device),
    // Not every browser can list them.
    speakers: manager.isSpeakerSelectionAvailable ? (await manager.getSpeakers()).map(device) : [],
    microphone: manager.selectedMicrophone?.id ?? null,
    speaker: manager.selectedSpeaker?.id ?? null,
    canChooseSpeaker: manager.isSpeakerSelectionAvailable,
  };
}

function device({ id, name, isSystemDefault, deviceType }: AudioDeviceInfo): Device {
  return { id, name, isDefault: isSystemDefault, kind: deviceType };
}

function named(id: string, devices: AudioDeviceInfo[]): AudioDeviceInfo {
  const found = devices.find((device) => device.id === id);
  if (!found) throw new Refusal("NoSuchDevice", "that device is not there any more");
  return found;
}
