// Streams of sound: a local one around a device or a MediaStream, the call's one remote one, and their volume.
import type * as Sdk from "@azure/communication-calling";
import { Emitter } from "./emitter.js";
import { stage } from "./stage.js";

export class StandInVolume extends Emitter implements Sdk.Volume {
  level = 0;
}

export class LocalAudioStream extends Emitter {
  mediaStreamType: Sdk.MediaStreamType;
  isDisposed = false;
  readonly volume = new StandInVolume();
  #stream: MediaStream | null = null;
  #source: Sdk.AudioDeviceInfo | null = null;

  constructor(source: Sdk.AudioDeviceInfo | MediaStream, readonly options: Sdk.LocalAudioStreamOptions = {}) {
    super();
    if (source instanceof MediaStream) this.#stream = source;
    else this.#source = source;
    this.mediaStreamType = source instanceof MediaStream ? "RawMedia" : "Audio";
  }

  get source(): Sdk.AudioDeviceInfo {
    return this.#source as Sdk.AudioDeviceInfo;
  }

  async getMediaStream(): Promise<MediaStream> {
    this.#stream ??= await navigator.mediaDevices.getUserMedia({ audio: true });
    return this.#stream;
  }

  async setMediaStream(source: MediaStream): Promise<void> {
    this.#stream = source;
    this.emit("audioSourceChanged", { source: this });
  }

  async switchSource(source: Sdk.AudioDeviceInfo): Promise<void> {
    this.#source = source;
    this.emit("audioSourceChanged", { source: this });
  }

  async getVolume(): Promise<Sdk.Volume> {
    return this.volume;
  }

  dispose(): void {
    this.isDisposed = true;
  }

  feature<Feature extends Sdk.AudioStreamFeature>(factory: Sdk.AudioStreamFeatureFactory<Feature>): Feature {
    return new factory.audioStreamApiCtor({ streamInstance: this as unknown as Sdk.LocalAudioStream });
  }
}

export class StandInRemoteAudioStream implements Sdk.RemoteAudioStream {
  readonly volume = new StandInVolume();

  constructor(readonly stream: MediaStream) {}

  async getMediaStream(): Promise<MediaStream> {
    stage.check("getMediaStream");
    return this.stream;
  }

  async getVolume(): Promise<Sdk.Volume> {
    return this.volume;
  }
}
