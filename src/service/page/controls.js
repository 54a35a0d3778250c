// The buttons of the call and what they say: mute, hand, reactions, devices, leaving.
import { $, el, named, put, say, show } from "./dom.js";
import { capture, devices, level } from "./microphone.js";

export class Controls {
  #meeting;
  #sound;
  #send;
  #ask;
  #rejoin;
  #audio;
  #processing;
  #state = "none";
  // Why there is no microphone, in words.
  #without = "";
  // Muted by a key press, whatever the service has heard of it.
  #hushed = false;

  // `ask` opens the question of consent, `leave` hangs up, `rejoin` tells the service of another way to take part.
  constructor({ meeting, sound, send, ask, leave, rejoin, audio, without, processing, signal }) {
    this.#meeting = meeting;
    this.#sound = sound;
    this.#send = send;
    this.#ask = ask;
    this.#rejoin = rejoin;
    this.#audio = audio;
    this.#without = without;
    this.#processing = processing;
    $("mute").onclick = () => this.toggleMute();
    $("hold").onclick = () => send({ type: "hold", held: !meeting.isHeld });
    $("play").onclick = () => sound.play();
    $("hand").onclick = () => send({ type: "hand", raised: !this.#hand });
    $("leave").onclick = leave;
    for (const one of $("reactions").querySelectorAll("button")) {
      one.onclick = () => {
        send({ type: "react", reaction: one.value });
        $("reactions").open = false;
        $("reactions").querySelector("summary").focus();
      };
    }
    $("player").muted = $("deafen").checked = false;
    $("deafen").onchange = ({ target }) => {
      $("player").muted = target.checked;
      send({ type: "deafen", deafened: target.checked });
    };
    $("volume").oninput = ({ target }) => ($("player").volume = target.value / 100);
    $("use-microphone").onclick = () => this.useMicrophone($("microphone").value);
    $("microphone").onchange = ({ target }) => this.useMicrophone(target.value);
    $("speaker").onchange = ({ target }) => $("player").setSinkId(target.value).catch(() => this.#say("That speaker could not be used."));
    $("level").onclick = () => this.#sayLevel();
    $("details").onclick = () => this.#sayDetails();
    $("settings").ontoggle = () => $("settings").open && this.#list();
    navigator.mediaDevices?.addEventListener?.("devicechange", () => $("settings").open && this.#list(), { signal });
  }

  // How one takes part in the sound: none, listen or full.
  get audio() {
    return this.#audio;
  }

  // What the sound's connection has come to.
  told(state) {
    if (state === "blocked") return show($("play"), true);
    if (state === "playing") return show($("play"), false);
    this.#state = state;
    this.draw();
  }

  toggleMute() {
    const meeting = this.#meeting;
    if (meeting.mustConsent && meeting.muted) return this.#ask();
    if (!this.#sound.track) return this.useMicrophone();
    if (meeting.muted && !this.#hushed) return this.#send({ type: "mute", muted: false });
    if (this.#hushed) {
      this.#hushed = false;
      this.#send({ type: "mute", muted: false });
    } else {
      // Nothing more is heard from here on, whenever the service learns of it.
      this.#hushed = true;
      this.#send({ type: "mute", muted: true });
    }
    this.draw();
  }

  // The signalling is back: what was wanted meanwhile is said again.
  renew() {
    if (this.#hushed) this.#send({ type: "mute", muted: true });
    if ($("deafen").checked) this.#send({ type: "deafen", deafened: true });
  }

  async useMicrophone(device = "") {
    try {
      await this.#sound.use(await capture({ device, processing: this.#processing }));
      this.#without = "";
      if (this.#audio !== "full") {
        this.#audio = "full";
        this.#rejoin("full");
      }
      this.#say("The microphone is ready, and muted until you switch it on.");
    } catch (failure) {
      this.#without = failure.message;
      this.#say(`Listening only: ${failure.message}.`);
    }
    this.draw();
    this.#list();
  }

  draw() {
    const meeting = this.#meeting;
    if (meeting.muted) this.#hushed = false;
    const live = meeting.maySpeak && !this.#hushed && this.#sound.track !== null;
    this.#sound.gate(live);
    put($("mute"), this.#muteLabel(live));
    $("mute").classList.toggle("live", live);
    put($("hold"), meeting.isHeld ? "On hold, resume" : "Hold");
    put($("hand"), this.#hand ? `Lower hand, you are number ${this.#hand}` : "Raise hand");
    put($("sound-state"), this.soundWords);
    show($("speaker-row"), "setSinkId" in HTMLMediaElement.prototype);
    return live;
  }

  // For the call line: the own microphone in a word.
  word(live) {
    if (this.#audio === "none") return "no sound";
    if (live) return "LIVE";
    return this.#sound.track ? "muted" : "listening only";
  }

  get soundWords() {
    if (this.#audio === "none") return "You chose to have no sound.";
    const { reason } = this.#meeting.media;
    if (this.#state === "none" && reason) return reason === "FeatureNotSupported" ? NO_SOUND : `The host gave no sound: ${named(reason)}. You can read and write.`;
    const connection = { none: "There is no sound now.", connecting: "The sound is being connected.", connected: "The sound is connected.", lost: "The sound is lost and is being connected again." }[this.#state];
    return this.#without ? `${connection} Listening only: ${this.#without}.` : connection;
  }

  get #hand() {
    return this.#meeting.hands.find(({ id }) => id === this.#meeting.me)?.order;
  }

  #muteLabel(live) {
    if (live) return "LIVE, mute";
    if (this.#meeting.mustConsent) return "Listen only, answer";
    return this.#sound.track ? "Muted, unmute" : "Listening only, use a microphone";
  }

  async #list() {
    const { microphones, speakers } = await devices();
    fill($("microphone"), microphones, "Default microphone", this.#sound.track?.getSettings().deviceId);
    fill($("speaker"), speakers, "Default speaker", $("player").sinkId);
  }

  async #sayLevel() {
    if (!this.#sound.track) return this.#say(`No microphone: ${this.#without || "you are listening only"}.`);
    const heard = Math.round(await level(this.#sound.track));
    const judged = heard < -60 ? "nothing to be heard" : heard < -45 ? "quiet" : heard > -6 ? "too loud" : "good";
    this.#say(`Microphone level ${heard} decibels, ${judged}.`);
  }

  async #sayDetails() {
    const { roundTrip, jitter, loss } = await this.#sound.statistics();
    const parts = [roundTrip !== null && `round trip ${Math.round(roundTrip)} milliseconds`, jitter !== null && `jitter ${Math.round(jitter)} milliseconds`, loss !== null && `${loss.toFixed(1)} percent lost`];
    this.#say([this.soundWords, parts.filter(Boolean).join(", ")].filter(Boolean).join(" "));
  }

  // Said, and shown where it was asked for.
  #say(words) {
    say(words);
    put($("sound-answer"), words);
  }
}

function fill(list, found, first, chosen) {
  const options = [["", first], ...found.filter(({ deviceId }) => deviceId !== "default").map(({ deviceId, label }, n) => [deviceId, label || `Device ${n + 1}`])];
  list.replaceChildren(...options.map(([value, label]) => el("option", { value }, label)));
  list.value = options.some(([value]) => value === chosen) ? chosen : "";
}

const NO_SOUND = "This meeting has no sound: its host does not carry any. You can read and write.";
