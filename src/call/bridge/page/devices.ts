// The browser's microphones and speakers; they matter in system mode.
//
// Each client of the SDK has a device manager of its own, and an agent's calls use its client's: what is chosen, is chosen in all of them.
import type { AudioDeviceInfo, CallClient, DeviceManager } from "@azure/communication-calling";
import type { Clients } from "./clients.js";
import type { Control } from "./control.js";
import { Refusal } from "./failure.js";
import type { Device, Devices } from "./protocol/values.js";

export class SoundDevices {
  #managers = new Map<CallClient, DeviceManager>();
  #microphone: string | null = null;
  #speaker: string | null = null;

  constructor(
    private readonly clients: Clients,
    private readonly control: Control,
  ) {}

  // Lists are empty before the permission is given.
  async ask(): Promise<{ isGranted: boolean; devices: Devices }> {
    const manager = await this.#open(this.clients.first);
    const { audio } = await manager.askDevicePermission({ audio: true, video: false });
    return { isGranted: audio, devices: await listed(manager) };
  }

  async selectMicrophone(id: string): Promise<void> {
    this.#microphone = id;
    for (const client of this.clients.all) await this.#selectMicrophone(await this.#open(client), id);
  }

  async selectSpeaker(id: string): Promise<void> {
    this.#speaker = id;
    for (const client of this.clients.all) await this.#selectSpeaker(await this.#open(client), id);
  }

  // A client that gets an agent uses what was chosen before; a device that is gone meanwhile is left out.
  async prepare(client: CallClient): Promise<void> {
    if (this.#microphone) await this.#selectMicrophone(await this.#open(client), this.#microphone).catch(() => {});
    if (this.#speaker) await this.#selectSpeaker(await this.#open(client), this.#speaker).catch(() => {});
  }

  async say(): Promise<void> {
    const manager = this.#managers.get(this.clients.first);
    if (manager) this.control.say({ type: "devices", devices: await listed(manager) });
  }

  async #selectMicrophone(manager: DeviceManager, id: string): Promise<void> {
    if (manager.selectedMicrophone?.id !== id) await manager.selectMicrophone(named(id, await manager.getMicrophones()));
  }

  async #selectSpeaker(manager: DeviceManager, id: string): Promise<void> {
    if (manager.selectedSpeaker?.id !== id) await manager.selectSpeaker(named(id, await manager.getSpeakers()));
  }

  async #open(client: CallClient): Promise<DeviceManager> {
    const known = this.#managers.get(client);
    if (known) return known;
    const manager = await client.getDeviceManager();
    this.#managers.set(client, manager);
    if (client !== this.clients.first) return manager;
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
