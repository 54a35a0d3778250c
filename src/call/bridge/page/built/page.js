// failure.ts
var Refusal = class extends Error {
  name;
  constructor(name, message) {
    super(message);
    this.name = name;
  }
};
function failure(error) {
  const from = error ?? {};
  const name = text(from.name) ?? "Unexpected";
  const isKnown = error instanceof Refusal || number(from.code) !== null;
  return {
    name: isKnown ? name : "Unexpected",
    message: isKnown ? text(from.message) ?? "" : `${name}: ${text(from.message) ?? String(error)}`,
    code: number(from.code),
    subCode: number(from.subCode),
    categories: categories(from)
  };
}
function endReason(reason) {
  const from = reason ?? {};
  return { code: number(from.code) ?? 0, subCode: number(from.subCode), message: text(from.message), categories: categories(from) };
}
function categories({ resultCategories }) {
  return Array.isArray(resultCategories) ? resultCategories.map(String) : [];
}
function number(value) {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
function text(value) {
  return typeof value === "string" ? value : null;
}

// agents.ts
var Agents = class {
  constructor(tools, tokens2, calls, clients, devices) {
    this.tools = tools;
    this.tokens = tokens2;
    this.calls = calls;
    this.clients = clients;
    this.devices = devices;
  }
  tools;
  tokens;
  calls;
  clients;
  devices;
  #agents = /* @__PURE__ */ new Map();
  #given = 0;
  #incoming = /* @__PURE__ */ new Map();
  #rung = 0;
  async create({ identity, displayName, emergencyCountry }) {
    const known = { agent: null };
    const ask = () => this.tokens.ask(identity, known.agent);
    const token = await ask();
    const client = this.clients.take();
    try {
      await this.devices.prepare(client);
      const credential = new this.tools.sdk.AzureCommunicationTokenCredential({ token, tokenRefresher: ask, refreshProactively: true });
      const sdk = identity === "teams" ? await client.createTeamsCallAgent(credential) : await client.createCallAgent(credential, {
        ...displayName && { displayName },
        ...emergencyCountry && { emergencyCallOptions: { countryCode: emergencyCountry } }
      });
      const agent = { number: ++this.#given, identity, client, sdk };
      known.agent = agent.number;
      this.#agents.set(agent.number, agent);
      this.#watch(agent);
      return { agent: agent.number, connection: sdk.connectionState };
    } catch (error) {
      this.clients.giveBack(client);
      throw error;
    }
  }
  async dispose(number2) {
    const agent = this.get(number2);
    this.#agents.delete(number2);
    for (const call of this.calls.all) if (call.agent === number2) await call.sdk.hangUp().catch(() => {
    });
    for (const [ringing, { agent: of }] of this.#incoming) if (of === number2) this.#incoming.delete(ringing);
    await agent.sdk.dispose();
    this.clients.giveBack(agent.client);
  }
  async disposeAll() {
    await Promise.allSettled([...this.#agents.keys()].map((number2) => this.dispose(number2)));
  }
  get(number2) {
    const agent = this.#agents.get(number2);
    if (!agent) throw new Refusal("NoSuchAgent", `there is no agent ${number2}`);
    return agent;
  }
  ringing(number2) {
    const found = this.#incoming.get(number2);
    if (!found) throw new Refusal("NoSuchIncomingCall", `there is no incoming call ${number2}`);
    return found;
  }
  // Once answered it rings no more; if that failed it rings on, or has ended meanwhile.
  async answer(number2, accept) {
    const ringing = this.ringing(number2);
    ringing.isAnswering = true;
    try {
      const accepted = await accept(ringing.call);
      this.#incoming.delete(number2);
      return accepted;
    } finally {
      ringing.isAnswering = false;
      if (ringing.ended) this.#stop(number2, ringing.ended);
    }
  }
  async reject(number2) {
    await this.ringing(number2).call.reject();
    this.#incoming.delete(number2);
  }
  refresh() {
    for (const { number: number2, sdk } of this.#agents.values()) this.#sayState(number2, sdk.connectionState, null);
    for (const { say } of this.#incoming.values()) say();
  }
  #watch({ number: number2, identity, sdk }) {
    if (identity === "teams") {
      const agent = sdk;
      agent.on("incomingCall", ({ incomingCall }) => this.#ring(incomingCall, number2));
      agent.on("callsUpdated", (calls) => this.calls.updated(number2, calls));
      agent.on("connectionStateChanged", ({ newValue, reason }) => this.#sayState(number2, newValue, reason ?? null));
    } else {
      const agent = sdk;
      agent.on("incomingCall", ({ incomingCall }) => this.#ring(incomingCall, number2));
      agent.on("callsUpdated", (calls) => this.calls.updated(number2, calls));
      agent.on("connectionStateChanged", ({ newValue, reason }) => this.#sayState(number2, newValue, reason ?? null));
      agent.on("handleIncomingCall", (told) => this.tools.control.say({ type: "incomingMissed", agent: number2, reason: endReason(told) }));
    }
    this.calls.updated(number2, { added: [...sdk.calls], removed: [] });
  }
  #sayState(agent, connection, because) {
    if (this.#agents.has(agent)) this.tools.control.say({ type: "agentState", agent, connection, because });
  }
  #ring(call, agent) {
    const incoming = ++this.#rung;
    const { people, control: control2 } = this.tools;
    const say = () => {
      if (!this.#incoming.has(incoming)) return;
      control2.say({
        type: "incoming",
        incoming,
        agent,
        kind: call.kind,
        caller: people.person(call.callerInfo),
        transferor: people.maybe(call.transferorInfo),
        customContext: context(call.customContext)
      });
    };
    const ringing = { call, agent, isAnswering: false, ended: null, say };
    this.#incoming.set(incoming, ringing);
    call.on("callerInfoChanged", say);
    call.on("transferorInfoChanged", say);
    call.on("callEnded", ({ callEndReason }) => {
      if (ringing.isAnswering) ringing.ended = endReason(callEndReason);
      else this.#stop(incoming, endReason(callEndReason));
    });
    say();
  }
  #stop(incoming, reason) {
    if (this.#incoming.delete(incoming)) this.tools.control.say({ type: "incomingEnded", incoming, reason });
  }
};
function context(given) {
  return given ? { userToUser: given.userToUser ?? null, sipHeaders: given.sipHeaders ?? [], voipHeaders: given.voipHeaders ?? [] } : null;
}

// beginnings.ts
var Beginnings = class {
  constructor(agents, calls, people, sound) {
    this.agents = agents;
    this.calls = calls;
    this.people = people;
    this.sound = sound;
  }
  agents;
  calls;
  people;
  sound;
  join({ agent, meeting, ...beginning }) {
    const { sdk, identity } = this.agents.get(agent);
    return this.#begin(agent, beginning, (options2) => identity === "teams" ? joinTeams(sdk, meeting, options2) : join(sdk, meeting, options2));
  }
  start({ agent, ...command }) {
    const { sdk, identity } = this.agents.get(agent);
    return this.#begin(
      agent,
      command,
      (options2) => identity === "teams" ? this.#startTeams(sdk, command, options2) : this.#start(sdk, command, options2)
    );
  }
  accept({ incoming, ...beginning }) {
    const { agent } = this.agents.ringing(incoming);
    return this.#begin(agent, beginning, (options2) => this.agents.answer(incoming, async (call) => call.accept(options2)));
  }
  async #begin(agent, { audio, muted }, begin2) {
    const prepared = await this.sound.prepare(audio);
    try {
      const call = await this.calls.make(agent, prepared, () => begin2(options(muted, prepared)));
      return { call: call.number };
    } catch (error) {
      await this.sound.discard(prepared);
      if (!prepared.capture || !isRefusalOfRaw(error)) throw error;
      const without = { ...prepared, capture: null, error: failure(error) };
      const call = await this.calls.make(agent, without, () => begin2(options(muted, without)));
      return { call: call.number };
    }
  }
  #start(agent, { to, alternateCallerId, customContext }, options2) {
    const more = {
      ...options2,
      ...alternateCallerId && { alternateCallerId: { phoneNumber: alternateCallerId } },
      ...customContext && { customContext: context2(customContext) }
    };
    return agent.startCall(to.map((id) => this.people.identifier(id)), more);
  }
  #startTeams(agent, { to, threadId, onBehalfOf, customContext }, options2) {
    const more = {
      ...options2,
      ...customContext && { customContext: context2(customContext) },
      ...onBehalfOf && { onBehalfOfOptions: { userId: this.#teamsUser(onBehalfOf) } }
    };
    const whom = to.map((id) => this.#callable(id));
    const [only] = whom;
    if (whom.length === 1 && only && !threadId) return agent.startCall(only, more);
    return agent.startCall(whom, { ...more, ...threadId && { threadId } });
  }
  // Whom a Teams user can call.
  #callable(id) {
    const identifier = this.people.identifier(id);
    if (identifier.kind === "communicationUser" || identifier.kind === "teamsExtensionUser") throw new Refusal("WrongCommand", "a Teams user cannot call this kind of person");
    return identifier;
  }
  #teamsUser(id) {
    const identifier = this.people.identifier(id);
    if (identifier.kind !== "microsoftTeamsUser" && identifier.kind !== "microsoftTeamsApp") throw new Refusal("WrongCommand", "calls are made on behalf of Teams users only");
    return identifier;
  }
};
function isRefusalOfRaw(error) {
  const { code, subCode } = failure(error);
  return code === 412 && subCode === 41073;
}
function options(muted, { capture }) {
  return { audioOptions: { muted, ...capture && { localAudioStreams: [capture] } } };
}
function join(agent, meeting, options2) {
  if ("link" in meeting) return agent.join({ meetingLink: meeting.link }, options2);
  if ("meetingId" in meeting) return agent.join(byId(meeting), options2);
  if ("groupId" in meeting) return agent.join({ groupId: meeting.groupId }, options2);
  return agent.join({ roomId: meeting.roomId }, options2);
}
function joinTeams(agent, meeting, options2) {
  if ("link" in meeting) return agent.join({ meetingLink: meeting.link }, options2);
  if ("meetingId" in meeting) return agent.join(byId(meeting), options2);
  throw new Refusal("WrongCommand", "a Teams user joins meetings only");
}
function byId({ meetingId, passcode }) {
  return { meetingId, ...passcode && { passcode } };
}
function context2({ userToUser, sipHeaders, voipHeaders }) {
  return { ...userToUser && { userToUser }, sipHeaders, voipHeaders };
}

// call.ts
var LiveCall = class {
  constructor(sdk, origin2, tools) {
    this.sdk = sdk;
    this.origin = origin2;
    this.tools = tools;
    this.number = origin2.number;
    this.agent = origin2.agent;
  }
  sdk;
  origin;
  tools;
  number;
  agent;
  // A person chose to hear nothing.
  isDeafened = false;
  // Its sound travels over /pcm.
  isRaw = false;
  #says = [];
  #said = /* @__PURE__ */ new Map();
  #held = [];
  #ended = false;
  #onState = [];
  #onEnd = [];
  get people() {
    return this.tools.people;
  }
  get isOver() {
    return this.#ended;
  }
  // In the tick in which the call came to be: what was true before is not announced by the SDK, so everything is read once.
  watch(watches) {
    for (const watch of watches) {
      try {
        const say = watch(this);
        if (say) this.#says.push(say);
      } catch (error) {
        if (!(error instanceof Refusal)) this.trouble("watching a call", error);
      }
    }
    this.refresh();
  }
  // How the page came by it is known only now.
  cameFrom(cause, from) {
    Object.assign(this.origin, { cause, from });
    this.attempt("reading a call", () => sayCall(this));
  }
  // What was held back until the program knows the call's number.
  announce() {
    const held = this.#held ?? [];
    this.#held = null;
    for (const message of held) this.tools.control.say(message);
  }
  refresh() {
    this.#said.clear();
    for (const say of this.#says) this.attempt("reading a call", say);
  }
  // Once more at a moment at which the SDK's own news may be missing.
  onState(listener) {
    this.#onState.push(listener);
  }
  onEnd(listener) {
    this.#onEnd.push(listener);
  }
  stateChanged(state) {
    for (const listener of this.#onState) this.attempt("following a call", () => listener(state));
  }
  // How something is now; not repeated while it stays so. `part` tells states of one type apart.
  state(message, part = "") {
    const text2 = JSON.stringify(message);
    const key = `${message.type} ${part}`;
    if (this.#said.get(key) === text2) return;
    this.#said.set(key, text2);
    this.moment(message);
  }
  // Something that happened, or a state that is worth repeating.
  moment(message) {
    if (this.#ended) return;
    if (this.#held) this.#held.push(message);
    else this.tools.control.say(message);
  }
  // The last word. The reason is read here, once.
  end() {
    if (this.#ended) return;
    sayState(this);
    this.moment({ type: "callEnded", call: this.number, reason: endReason(this.sdk.callEndReason) });
    this.#ended = true;
    for (const listener of this.#onEnd) listener();
    this.#says = this.#onState = this.#onEnd = [];
  }
  feature(name) {
    const factory = this.tools.sdk.Features[name];
    try {
      return this.sdk.feature(factory);
    } catch (error) {
      throw new Refusal("NotInThisCall", `this call has no ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  attempt(doing, act) {
    try {
      act();
    } catch (error) {
      this.trouble(doing, error);
    }
  }
  trouble(doing, error) {
    if (!this.#ended) this.tools.trouble(doing, error);
  }
};
var watchCall = (call) => {
  const { sdk } = call;
  const say = () => sayCall(call);
  sdk.on("idChanged", say);
  sdk.on("callerInfoChanged", say);
  sdk.on("transferorInfoChanged", say);
  return say;
};
function sayCall(call) {
  const { sdk, number: number2, agent, origin: origin2 } = call;
  call.state({
    type: "call",
    call: number2,
    agent,
    kind: sdk.kind,
    direction: sdk.direction,
    cause: origin2.cause,
    from: origin2.from,
    caller: call.people.maybe(sdk.callerInfo),
    transferor: call.people.maybe(sdk.transferorInfo),
    isEmergency: sdk.isEmergencyCall === true,
    sdkId: sdk.id
  });
}
var watchState = (call) => {
  const say = () => sayState(call);
  call.sdk.on("stateChanged", () => {
    say();
    call.stateChanged(call.sdk.state);
  });
  return say;
};
function sayState(call) {
  call.state({ type: "callState", call: call.number, state: call.sdk.state });
}
var watchInfo = (call) => {
  const { sdk } = call;
  const say = () => {
    const { threadId, participantId } = sdk.info;
    const groupId = "groupId" in sdk.info ? sdk.info.groupId : void 0;
    call.state({ type: "callInfo", call: call.number, threadId: threadId ?? null, groupId: groupId ?? null, participantId: participantId ?? null });
  };
  sdk.info.onCallInfoChanged("callInfoChanged", say);
  call.onState(say);
  return say;
};
var watchOurselves = (call) => {
  const { sdk, number: number2 } = call;
  const role = () => call.state({ type: "role", call: number2, role: sdk.role });
  const muted = () => call.state({ type: "muted", call: number2, isMuted: sdk.isMuted });
  sdk.on("roleChanged", role);
  sdk.on("isMutedChanged", muted);
  sdk.on("mutedByOthers", () => call.moment({ type: "mutedByOthers", call: number2 }));
  return () => {
    role();
    muted();
    sayDeafened(call);
  };
};
function sayDeafened(call) {
  call.state({ type: "deafened", call: call.number, isDeafened: call.isDeafened });
}

// connection.ts
var watchDiagnostics = (call) => {
  const { network, media, remote } = call.feature("UserFacingDiagnostics");
  const say = (of, name, value) => {
    if (!isOfTheStandIn(call, name)) call.state({ type: "diagnostic", call: call.number, of, name, value }, `${of} ${name}`);
  };
  network.on("diagnosticChanged", ({ diagnostic, value }) => say("network", diagnostic, value));
  media.on("diagnosticChanged", ({ diagnostic, value }) => say("media", diagnostic, value));
  remote.on("diagnosticChanged", ({ diagnostics }) => {
    for (const { rawId, diagnostic, value } of diagnostics) {
      call.state({ type: "remoteDiagnostic", call: call.number, who: rawId, name: diagnostic, value }, `${rawId} ${diagnostic}`);
    }
  });
  return () => {
    for (const [of, latest] of [["network", network.getLatest()], ["media", media.getLatest()]]) {
      for (const [name, diagnostic] of Object.entries(latest)) if (diagnostic) say(of, name, diagnostic.value);
    }
  };
};
function isOfTheStandIn(call, name) {
  return call.isRaw && OF_DEVICES.includes(name);
}
var OF_DEVICES = ["noSpeakerDevicesEnumerated", "noMicrophoneDevicesEnumerated", "speakingWhileMicrophoneIsMuted"];
var collectors = /* @__PURE__ */ new WeakMap();
function reportStatistics(call, on2) {
  collectors.get(call)?.dispose();
  collectors.delete(call);
  if (!on2) return;
  const collector = call.feature("MediaStats").createCollector();
  if (!collectors.has(call)) call.onEnd(() => collectors.get(call)?.dispose());
  collectors.set(call, collector);
  let said = -Infinity;
  collector.on("sampleReported", ({ audio, transports }) => {
    if (performance.now() - said < RARELY) return;
    said = performance.now();
    call.moment({
      type: "statistics",
      call: call.number,
      send: audio.send.map(stream),
      receive: audio.receive.map(stream),
      transports: transports.map(({ rttInMs, availableIncomingBitrate, availableOutgoingBitrate }) => ({
        roundTrip: rttInMs ?? null,
        incoming: availableIncomingBitrate ?? null,
        outgoing: availableOutgoingBitrate ?? null
      }))
    });
  });
}
function stream(sample) {
  const all = sample;
  return {
    codec: all.codecName ?? null,
    bitrate: all.bitrate ?? null,
    jitter: all.jitterInMs ?? null,
    roundTrip: all.rttInMs ?? null,
    packetsPerSecond: all.packetsPerSecond ?? null,
    packetsLostPerSecond: all.packetsLostPerSecond ?? null,
    level: all.audioInputLevel ?? all.audioOutputLevel ?? null,
    jitterBuffer: all.jitterBufferDelayInMs ?? null,
    healed: all.healedRatio ?? null
  };
}
var RARELY = 900;

// meeting.ts
var watchDominantSpeakers = (call) => {
  const feature = call.feature("DominantSpeakers");
  const say = () => {
    const ids = feature.dominantSpeakers?.speakersList.map((one) => call.people.id(one)) ?? [];
    call.state({ type: "dominantSpeakers", call: call.number, ids });
  };
  feature.on("dominantSpeakersChanged", say);
  return say;
};
var watchHands = (call) => {
  const feature = call.feature("RaiseHand");
  const say = () => {
    const raised = feature.getRaisedHands().map(({ identifier, order }) => ({ id: call.people.id(identifier), order }));
    call.state({ type: "hands", call: call.number, raised: raised.sort((one, other) => one.order - other.order) });
  };
  feature.on("raisedHandEvent", say);
  feature.on("loweredHandEvent", say);
  return say;
};
var watchReactions = (call) => {
  call.feature("Reaction").on(
    "reaction",
    ({ identifier, reactionMessage }) => call.moment({ type: "reaction", call: call.number, who: call.people.id(identifier), reaction: reactionMessage.reactionType })
  );
  return void 0;
};
var watchSpotlight = (call) => {
  const feature = call.feature("Spotlight");
  const say = () => {
    const spotlighted = feature.getSpotlightedParticipants().map(({ identifier, order }) => ({ id: call.people.id(identifier), order: order ?? null }));
    call.state({ type: "spotlight", call: call.number, most: feature.maxParticipantsToSpotlight, spotlighted });
  };
  feature.on("spotlightChanged", say);
  return say;
};
var watchMediaAccess = (call) => {
  const feature = call.feature("MediaAccess");
  const say = () => call.state({
    type: "mediaAccess",
    call: call.number,
    isAudioPermitted: feature.getMeetingMediaAccess().isAudioPermitted,
    others: feature.getAllOthersMediaAccess().map(({ participant: participant2, isAudioPermitted }) => ({ id: call.people.id(participant2), isAudioPermitted }))
  });
  feature.on("mediaAccessChanged", say);
  feature.on("meetingMediaAccessChanged", say);
  return say;
};
var watchCapabilities = (call) => {
  const feature = call.feature("Capabilities");
  const say = (because) => {
    const capabilities = Object.entries(feature.capabilities).map(([name, { isPresent, reason }]) => ({ name, isPresent, reason }));
    call.state({ type: "capabilities", call: call.number, capabilities, because });
  };
  feature.on("capabilitiesChanged", ({ reason }) => say(reason));
  return () => say(null);
};

// notices.ts
var watchRecording = (call) => {
  const feature = call.feature("Recording");
  const followed = /* @__PURE__ */ new WeakSet();
  const say = () => {
    for (const recording of feature.recordings) {
      if (followed.has(recording)) continue;
      followed.add(recording);
      recording.on("recordingStateChanged", say);
    }
    call.moment({
      type: "notice",
      call: call.number,
      notice: "recording",
      isActive: feature.isRecordingActive,
      isConsentRequired: feature.isTeamsConsentRequired,
      parts: feature.recordings.map(({ state }) => PARTS[state] ?? String(state))
    });
  };
  feature.on("isRecordingActiveChanged", say);
  feature.on("recordingsUpdated", say);
  repeated(call, say);
  return say;
};
var watchTranscription = (call) => {
  const feature = call.feature("Transcription");
  const say = () => call.moment({
    type: "notice",
    call: call.number,
    notice: "transcription",
    isActive: feature.isTranscriptionActive,
    isConsentRequired: feature.isTeamsConsentRequired,
    parts: []
  });
  feature.on("isTranscriptionActiveChanged", say);
  repeated(call, say);
  return say;
};
function repeated(call, say) {
  call.onState((state) => state === "Connected" && say());
  call.sdk.on("roleChanged", say);
  call.attempt("watching what we may do", () => call.feature("Capabilities").on("capabilitiesChanged", say));
}
var PARTS = ["None", "Started", "Paused", "Ended"];

// rooms.ts
function watchRooms(entered, numberOf) {
  return (call) => {
    const feature = call.feature("BreakoutRooms");
    const say = () => {
      const room = (one) => ({
        threadId: one.threadId,
        displayName: one.displayName ?? null,
        state: one.state,
        movesByItself: one.autoMoveParticipantToBreakoutRoom ?? null,
        invitees: one.invitees?.map(({ identifier }) => call.people.id(identifier)) ?? [],
        call: one.call ? numberOf(one.call) : null
      });
      call.state({
        type: "breakoutRooms",
        call: call.number,
        assigned: feature.assignedBreakoutRooms ? room(feature.assignedBreakoutRooms) : null,
        rooms: feature.breakoutRooms?.map(room) ?? null,
        settings: feature.breakoutRoomsSettings ? settings(feature.breakoutRoomsSettings) : null
      });
    };
    feature.on("breakoutRoomsUpdated", (event) => {
      if (event.type === "join") entered(event.data, call);
      say();
    });
    return say;
  };
}
function roomOf(call, threadId) {
  const { assignedBreakoutRooms: assigned, breakoutRooms: rooms = [] } = call.feature("BreakoutRooms");
  const found = [...assigned ? [assigned] : [], ...rooms].find((room) => room.threadId === threadId);
  if (!found) throw new Refusal("NotInThisCall", "there is no such breakout room");
  return found;
}
function settings({ disableReturnToMainMeeting, roomEndTime }) {
  const time = roomEndTime ?? {};
  return { disableReturn: disableReturnToMainMeeting ?? null, endsAt: time.attemptTimestamp || null, endsIn: time.deltaTimeInMs || null };
}

// roster.ts
var watchRoster = (call) => {
  const known = /* @__PURE__ */ new WeakSet();
  const all = () => call.sdk.remoteParticipants.map((one) => participant(call, one));
  const follow2 = (one) => {
    if (known.has(one)) return;
    known.add(one);
    const say = () => isIn(call, one) && call.state({ type: "participant", call: call.number, participant: participant(call, one) }, call.people.id(one.identifier));
    one.on("stateChanged", say);
    one.on("isMutedChanged", say);
    one.on("isSpeakingChanged", say);
    one.on("roleChanged", say);
    one.on("displayNameChanged", say);
    const look = (streams) => streams.forEach((stream2) => stream2.on("isAvailableChanged", say));
    one.on("videoStreamsUpdated", ({ added }) => {
      look(added);
      say();
    });
    look(one.videoStreams);
  };
  call.sdk.remoteParticipants.forEach(follow2);
  call.sdk.on("remoteParticipantsUpdated", ({ added, removed }) => {
    for (const one of removed) {
      const reason = one.callEndReason ? endReason(one.callEndReason) : null;
      call.moment({ type: "participantLeft", call: call.number, who: call.people.id(one.identifier), reason });
    }
    for (const one of added) {
      follow2(one);
      call.moment({ type: "participant", call: call.number, participant: participant(call, one) });
    }
  });
  return () => call.moment({ type: "roster", call: call.number, participants: all() });
};
var watchLobby = (call) => {
  let followed;
  const say = () => {
    const lobby = call.sdk.lobby;
    if (lobby && lobby !== followed) {
      followed = lobby;
      lobby.on("lobbyParticipantsUpdated", say);
    }
    call.state({ type: "lobby", call: call.number, waiting: lobby ? lobby.participants.map((one) => call.people.person(one)) : null });
  };
  call.onState(say);
  call.sdk.on("roleChanged", say);
  return say;
};
function present(call, who) {
  const found = call.sdk.remoteParticipants.find((one) => call.people.id(one.identifier) === who);
  if (!found) throw new Refusal("NoSuchParticipant", "that person is not in the call");
  return found;
}
function lobbyOf(call) {
  const lobby = call.sdk.lobby;
  if (!lobby) throw new Refusal("NotInThisCall", "this call has no lobby");
  return lobby;
}
function isIn(call, one) {
  return call.sdk.remoteParticipants.includes(one);
}
function participant(call, one) {
  return {
    id: call.people.id(one.identifier),
    displayName: one.displayName ?? null,
    state: one.state,
    role: one.role,
    isMuted: one.isMuted,
    isSpeaking: one.isSpeaking,
    isSharingScreen: one.videoStreams.some((stream2) => stream2.mediaStreamType === "ScreenSharing" && stream2.isAvailable),
    endpoints: one.endpointDetails.length
  };
}

// transfer.ts
function watchTransfers(entered) {
  return (call) => {
    call.feature("Transfer").on("transferAccepted", ({ targetCall }) => entered(targetCall, call));
    return void 0;
  };
}
var transfers = 0;
function transfer(call, to, idOf) {
  const begun = begin(call, to, idOf);
  const number2 = ++transfers;
  const say = () => call.moment({ type: "transfer", call: call.number, transfer: number2, state: begun.state, code: begun.error?.code ?? null, subCode: begun.error?.subCode ?? null });
  begun.on("stateChanged", say);
  return { transfer: number2, say };
}
function begin(call, to, idOf) {
  const feature = call.feature("Transfer");
  if ("id" in to) return feature.transfer({ targetParticipant: call.people.identifier(to.id) });
  if ("call" in to) return feature.transfer({ targetCallId: idOf(to.call) });
  const identifier = call.people.identifier(to.voicemail);
  if (identifier.kind !== "microsoftTeamsUser") throw new Refusal("WrongCommand", "only a Teams user has a voicemail");
  return feature.transfer({ targetParticipantVoicemail: identifier });
}

// words.ts
var watchCaptions = (call) => {
  const feature = call.feature("Captions");
  let followed;
  const say = () => {
    const { captions } = feature;
    if (captions !== followed) {
      followed = captions;
      if (isOfTeams(captions)) followTeams(call, captions, say, () => captions === followed);
      else follow(call, captions, say, () => captions === followed);
    }
    const ofTeams = isOfTeams(captions) ? captions : null;
    call.state({
      type: "captions",
      call: call.number,
      kind: captions.kind,
      isActive: captions.isCaptionsFeatureActive,
      spokenLanguage: captions.activeSpokenLanguage || null,
      captionLanguage: ofTeams?.activeCaptionLanguage || null,
      spokenLanguages: [...captions.supportedSpokenLanguages],
      captionLanguages: [...ofTeams?.supportedCaptionLanguages ?? []]
    });
  };
  feature.on("CaptionsKindChanged", say);
  return say;
};
function followTeams(call, captions, say, isCurrent) {
  captions.on("CaptionsActiveChanged", () => isCurrent() && say());
  captions.on("SpokenLanguageChanged", () => isCurrent() && say());
  captions.on("CaptionLanguageChanged", () => isCurrent() && say());
  captions.on("CaptionsReceived", ({ speaker, captionText, captionLanguage, spokenText, spokenLanguage, resultType, timestamp }) => {
    if (!isCurrent()) return;
    call.moment({
      type: "caption",
      call: call.number,
      speaker: call.people.person(speaker),
      text: captionText || spokenText,
      language: captionLanguage || null,
      spokenText: spokenText || null,
      spokenLanguage: spokenLanguage || null,
      result: resultType,
      at: timestamp?.getTime() ?? null
    });
  });
}
function follow(call, captions, say, isCurrent) {
  captions.on("CaptionsActiveChanged", () => isCurrent() && say());
  captions.on("SpokenLanguageChanged", () => isCurrent() && say());
  captions.on("CaptionsReceived", ({ speaker, spokenText, spokenLanguage, resultType, timestamp }) => {
    if (!isCurrent()) return;
    call.moment({
      type: "caption",
      call: call.number,
      speaker: call.people.person(speaker),
      text: spokenText,
      language: spokenLanguage || null,
      spokenText,
      spokenLanguage: spokenLanguage || null,
      result: resultType,
      at: timestamp?.getTime() ?? null
    });
  });
}
function isOfTeams(captions) {
  return captions.kind === "TeamsCaptions";
}
var watchRealTimeText = (call) => {
  call.feature("RealTimeText").on(
    "realTimeTextReceived",
    ({ sender, sequenceId, text: text2, resultType, isLocal, updatedTimestamp }) => call.moment({
      type: "realTimeText",
      call: call.number,
      sender: call.people.person(sender),
      sequence: sequenceId,
      text: text2,
      result: resultType,
      isLocal,
      at: updatedTimestamp?.getTime() ?? null
    })
  );
  return void 0;
};

// calls.ts
var Calls = class {
  constructor(tools, sound) {
    this.tools = tools;
    this.sound = sound;
    const entered = (cause) => (sdk, from) => this.#entered(sdk, from, cause);
    this.#watches = [
      watchCall,
      // Nothing more of a call is told before it is known whether it is recorded.
      watchRecording,
      watchTranscription,
      watchState,
      watchInfo,
      watchOurselves,
      watchCapabilities,
      watchRoster,
      watchLobby,
      watchDominantSpeakers,
      watchHands,
      watchReactions,
      watchSpotlight,
      watchMediaAccess,
      watchCaptions,
      watchRealTimeText,
      watchRooms(entered("breakoutRoom"), (sdk) => this.#find(sdk)?.number ?? null),
      watchTransfers(entered("transfer")),
      watchDiagnostics,
      sound.watch,
      this.#watchEnd
    ];
  }
  tools;
  sound;
  #live = /* @__PURE__ */ new Map();
  #given = 0;
  // Commands that are about to make a call: what appears meanwhile is theirs.
  #making = 0;
  #unannounced = /* @__PURE__ */ new Set();
  // What can be said of the call that ended last: how it was.
  #survey = null;
  #watches;
  get(number2) {
    const call = this.#live.get(number2);
    if (!call) throw new Refusal("NoSuchCall", `there is no call ${number2}`);
    return call;
  }
  get all() {
    return [...this.#live.values()];
  }
  // Makes a call on command. It is announced after the program knows its number.
  async make(agent, prepared, begin2) {
    this.#making += 1;
    try {
      const begun = begin2();
      const sdk = begun instanceof Promise ? await begun : begun;
      return this.#take(sdk, agent, { cause: "command", prepared });
    } finally {
      this.#making -= 1;
    }
  }
  // After `done`: everything that was held back.
  announce() {
    if (this.#making > 0) return;
    for (const call of this.#unannounced) call.announce();
    this.#unannounced.clear();
  }
  // The agent tells of calls, ours among them.
  updated(agent, { added, removed }) {
    for (const sdk of added) {
      if (!this.#find(sdk)) this.#take(sdk, agent, { cause: this.#making > 0 ? "command" : "other" });
    }
    for (const sdk of removed) this.#find(sdk)?.end();
    this.announce();
  }
  async submitSurvey(call, submit) {
    if (this.#survey?.call !== call) throw new Refusal("NoSuchCall", `call ${call} is not the one that ended last`);
    return submit(this.#survey.feature);
  }
  #entered(sdk, from, cause) {
    const known = this.#find(sdk);
    if (known && known !== from && known.origin.from === null) {
      known.cameFrom(cause, from.number);
      this.#inherit(known, from);
    }
    const call = known ?? this.#take(sdk, from.agent, { cause, from });
    this.announce();
    return call;
  }
  #inherit(call, from) {
    this.sound.inherit(call, from).catch((error) => call.trouble("using the sound of the call before", error));
  }
  #take(sdk, agent, { cause, from = null, prepared = null }) {
    const known = this.#find(sdk);
    if (known) {
      if (prepared) this.sound.take(known, prepared);
      return known;
    }
    const call = new LiveCall(sdk, { number: ++this.#given, agent, cause, from: from?.number ?? null }, this.tools);
    this.#live.set(call.number, call);
    this.#unannounced.add(call);
    this.sound.take(call, prepared ?? UNPREPARED);
    call.watch(this.#watches);
    if (from) this.#inherit(call, from);
    return call;
  }
  #find(sdk) {
    return this.all.find((call) => call.sdk === sdk || sdk.id !== "" && call.sdk.id === sdk.id);
  }
  // The object is forgotten with its end; only how to rate it is kept, until the next call ends.
  #watchEnd = (call) => {
    call.onEnd(() => {
      this.#live.delete(call.number);
      call.attempt("keeping the survey", () => this.#survey = { call: call.number, feature: surveyOf(call) });
    });
    call.onState((state) => {
      if (state === "Disconnected") call.end();
    });
    return void 0;
  };
};
var UNPREPARED = { wanted: "system", capture: null, error: null };
function surveyOf(call) {
  return call.feature("CallSurvey");
}

// clients.ts
var Clients = class {
  constructor(make) {
    this.make = make;
    this.#free.push(this.#another());
  }
  make;
  all = [];
  #free = [];
  get first() {
    return this.all[0];
  }
  // A client has at most one agent.
  take() {
    return this.#free.pop() ?? this.#another();
  }
  giveBack(client) {
    this.#free.push(client);
  }
  #another() {
    const client = this.make();
    this.all.push(client);
    return client;
  }
};

// commands.ts
async function carryOut(desk2, command) {
  if (!Object.hasOwn(ACTS, command.type)) throw new Refusal("WrongCommand", `there is no command ${command.type}`);
  const act = ACTS[command.type];
  return await act(desk2, command) ?? null;
}
function on(act) {
  return (desk2, command) => act(desk2.calls.get(command.call ?? 0), command, desk2);
}
var ACTS = {
  environment: async ({ sdk, clients }) => {
    const { environment, ...supported } = await clients.first.feature(sdk.Features.DebugInfo).getEnvironmentInfo();
    return { ...environment, ...supported };
  },
  devices: ({ devices }) => devices.ask(),
  selectMicrophone: ({ devices }, { device: device2 }) => devices.selectMicrophone(device2),
  selectSpeaker: ({ devices }, { device: device2 }) => devices.selectSpeaker(device2),
  refresh: (desk2) => desk2.refresh(),
  createAgent: ({ agents }, command) => agents.create(command),
  disposeAgent: ({ agents }, { agent }) => agents.dispose(agent),
  join: ({ beginnings }, command) => beginnings.join(command),
  startCall: ({ beginnings }, command) => beginnings.start(command),
  accept: ({ beginnings }, command) => beginnings.accept(command),
  reject: ({ agents }, { incoming }) => agents.reject(incoming),
  hangUp: on(({ sdk }, { forEveryone }) => sdk.hangUp({ forEveryone })),
  mute: on(({ sdk }) => sdk.mute()),
  unmute: on(({ sdk }) => sdk.unmute()),
  deafen: on((call, _, { sound }) => sound.deafen(call, true)),
  undeafen: on((call, _, { sound }) => sound.deafen(call, false)),
  hold: on(({ sdk }) => sdk.hold()),
  resume: on(({ sdk }) => sdk.resume()),
  sendDtmf: on(({ sdk }, { tone }) => sdk.sendDtmf(tone)),
  transfer: on((call, { to }, { calls }) => {
    const { transfer: number2, say } = transfer(call, to, (other) => calls.get(other).sdk.id);
    queueMicrotask(() => queueMicrotask(say));
    return { transfer: number2 };
  }),
  serverCallId: on(async ({ sdk }) => ({ serverCallId: await sdk.info.getServerCallId() })),
  grantConsent: on((call) => grantConsent(call)),
  useAudio: on(async (call, { audio }, { sound }) => ({ audio: await sound.use(call, audio) })),
  addParticipant: on((call, command, { people }) => add(call, command, people)),
  removeParticipant: on(({ sdk }, { who }, { people }) => sdk.removeParticipant(people.identifier(who))),
  muteParticipant: on((call, { who }) => present(call, who).mute()),
  muteOthers: on(({ sdk }) => sdk.muteAllRemoteParticipants()),
  admit: on((call, { who }, { people }) => lobbyOf(call).admit(people.identifier(who))),
  rejectFromLobby: on((call, { who }, { people }) => lobbyOf(call).reject(people.identifier(who))),
  admitAll: on(async (call) => {
    const { successCount, failureCount } = await lobbyOf(call).admitAll();
    return { admitted: successCount, failed: failureCount };
  }),
  permitAudio: on((call, { who }, { people }) => call.feature("MediaAccess").permitAudio(identifiers(people, who))),
  forbidAudio: on((call, { who }, { people }) => call.feature("MediaAccess").forbidAudio(identifiers(people, who))),
  permitOthersAudio: on((call) => call.feature("MediaAccess").permitOthersAudio()),
  forbidOthersAudio: on((call) => call.feature("MediaAccess").forbidOthersAudio()),
  startSpotlight: on((call, { who }, { people }) => call.feature("Spotlight").startSpotlight(some(people, who))),
  stopSpotlight: on((call, { who }, { people }) => call.feature("Spotlight").stopSpotlight(some(people, who))),
  stopAllSpotlight: on((call) => call.feature("Spotlight").stopAllSpotlight()),
  raiseHand: on((call) => call.feature("RaiseHand").raiseHand()),
  lowerHand: on((call) => call.feature("RaiseHand").lowerHand()),
  lowerHands: on((call, { who }, { people }) => call.feature("RaiseHand").lowerHands(identifiers(people, who))),
  lowerAllHands: on((call) => call.feature("RaiseHand").lowerAllHands()),
  react: on((call, { reaction }) => call.feature("Reaction").sendReaction({ reactionType: reaction })),
  startCaptions: on((call, { spokenLanguage }) => call.feature("Captions").captions.startCaptions(spokenLanguage ? { spokenLanguage } : void 0)),
  stopCaptions: on((call) => call.feature("Captions").captions.stopCaptions()),
  setSpokenLanguage: on((call, { language }) => call.feature("Captions").captions.setSpokenLanguage(language)),
  setCaptionLanguage: on((call, { language }) => {
    const { captions } = call.feature("Captions");
    if (!isOfTeams(captions)) throw new Refusal("NotInThisCall", "captions are not translated in this call");
    return captions.setCaptionLanguage(language);
  }),
  sendRealTimeText: on((call, { text: text2, isFinal }) => call.feature("RealTimeText").sendRealTimeText(text2, isFinal)),
  joinBreakoutRoom: on(async (call, { threadId }, { calls }) => {
    const joined = await calls.make(call.agent, null, () => roomOf(call, threadId).join());
    return { call: joined.number };
  }),
  returnToMeeting: on(async (call, { threadId }, { calls }) => {
    const meeting = await calls.make(call.agent, null, () => roomOf(call, threadId).returnToMainMeeting());
    return { call: meeting.number };
  }),
  reportStatistics: on((call, { on: on2 }) => reportStatistics(call, on2)),
  sendDiagnostics: on((call, { on: on2 }) => {
    const { remote } = call.feature("UserFacingDiagnostics");
    if (on2) remote.startSendingDiagnostics();
    else remote.stopSendingDiagnostics();
  }),
  dialIn: on(async (call) => {
    const { phoneConferenceId, phoneNumbers } = await call.feature("TeamsMeetingAudioConferencing").getTeamsMeetingAudioConferencingDetails();
    const numbers = phoneNumbers.map(({ tollPhoneNumber, tollFreePhoneNumber, countryName, cityName }) => ({
      toll: tollPhoneNumber?.phoneNumber ?? null,
      tollFree: tollFreePhoneNumber?.phoneNumber ?? null,
      country: countryName ?? null,
      city: cityName ?? null
    }));
    return { conferenceId: phoneConferenceId, numbers };
  }),
  submitSurvey: ({ calls }, { call, overall, audio }) => calls.submitSurvey(call, async (feature) => {
    const { id } = await feature.submitSurvey({ ...overall && { overallRating: rating(overall) }, ...audio && { audioRating: rating(audio) } });
    return { survey: id };
  })
};
async function grantConsent(call) {
  const recording = call.feature("Recording");
  const transcription = call.feature("Transcription");
  await (recording.isTeamsConsentRequired || !transcription.isTeamsConsentRequired ? recording : transcription).grantTeamsConsent();
  call.refresh();
}
function add(call, { who, alternateCallerId, threadId }, people) {
  const identifier = people.identifier(who);
  if (call.sdk.kind.valueOf() === "TeamsCall") {
    if (identifier.kind === "communicationUser") throw new Refusal("WrongCommand", "a Teams user cannot add this kind of person");
    call.sdk.addParticipant(identifier, threadId ? { threadId } : void 0);
  } else if (identifier.kind === "phoneNumber") {
    call.sdk.addParticipant(identifier, alternateCallerId ? { alternateCallerId: { phoneNumber: alternateCallerId } } : void 0);
  } else if (identifier.kind === "communicationUser" || identifier.kind === "microsoftTeamsUser") {
    call.sdk.addParticipant(identifier);
  } else {
    throw new Refusal("WrongCommand", "this kind of person cannot be added");
  }
}
function identifiers(people, ids) {
  return ids.map((id) => people.identifier(id));
}
function some(people, ids) {
  return ids.length > 0 ? identifiers(people, ids) : void 0;
}
function rating({ score, issues }) {
  return { score, issues };
}

// protocol/protocol.ts
var VERSION = 1;
var PROTOCOL = "sidetone.bridge.1";
var SECRET = "sidetone.secret.";
var CLOSE = {
  // The other side speaks another version.
  version: 4001,
  // What came is not of this protocol.
  nonsense: 4002
};
var FRAME = { rate: 48e3, samples: 480, head: 16, bytes: 16 + 2 * 480 };
var PATHS = {
  page: "/",
  files: ["/page.js", "/worklet.js", "/worker.js"],
  sdk: "/sdk.js",
  control: "/control",
  pcm: "/pcm"
};

// control.ts
function takeSecret() {
  const secret2 = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  return secret2;
}
function address(path) {
  return `ws://${location.host}${path}`;
}
function subprotocols(secret2) {
  return [PROTOCOL, SECRET + secret2];
}
var Control = class {
  #socket;
  #hearer;
  #silence = GREETING;
  #watch = 0;
  #over = false;
  constructor(secret2, hearer) {
    this.#hearer = hearer;
    this.#socket = new WebSocket(address(PATHS.control), subprotocols(secret2));
    this.#socket.onopen = () => this.say({ type: "hello", version: VERSION, userAgent: navigator.userAgent });
    this.#socket.onmessage = ({ data }) => this.#hear(JSON.parse(String(data)));
    this.#socket.onclose = () => this.end("socket");
    this.#listen();
  }
  say(message) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
  // Once; what is said afterwards is lost.
  end(because, code = 1e3) {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#watch);
    this.say({ type: "bye", because });
    this.#socket.close(code);
    this.#hearer.gone(because);
  }
  #hear(message) {
    this.#listen();
    switch (message.type) {
      case "beat":
        return this.say({ type: "beat", count: message.count });
      case "welcome":
        if (message.version !== VERSION) return this.end("version", CLOSE.version);
        this.#silence = message.silence;
        this.#listen();
        return this.#hearer.welcome(message);
      case "token":
      case "tokenRefused":
        return this.#hearer.answer(message);
      default:
        this.#hearer.command(message);
    }
  }
  // Waits for the end of our patience.
  #listen() {
    clearTimeout(this.#watch);
    if (!this.#over) this.#watch = setTimeout(() => this.end("silence"), this.#silence);
  }
};
var GREETING = 5e3;

// devices.ts
var SoundDevices = class {
  constructor(clients, control2) {
    this.clients = clients;
    this.control = control2;
  }
  clients;
  control;
  #managers = /* @__PURE__ */ new Map();
  #microphone = null;
  #speaker = null;
  // Lists are empty before the permission is given.
  async ask() {
    const manager = await this.#open(this.clients.first);
    const { audio } = await manager.askDevicePermission({ audio: true, video: false });
    return { isGranted: audio, devices: await listed(manager) };
  }
  async selectMicrophone(id) {
    this.#microphone = id;
    for (const client of this.clients.all) await this.#selectMicrophone(await this.#open(client), id);
  }
  async selectSpeaker(id) {
    this.#speaker = id;
    for (const client of this.clients.all) await this.#selectSpeaker(await this.#open(client), id);
  }
  // A client that gets an agent uses what was chosen before; a device that is gone meanwhile is left out.
  async prepare(client) {
    if (this.#microphone) await this.#selectMicrophone(await this.#open(client), this.#microphone).catch(() => {
    });
    if (this.#speaker) await this.#selectSpeaker(await this.#open(client), this.#speaker).catch(() => {
    });
  }
  async say() {
    const manager = this.#managers.get(this.clients.first);
    if (manager) this.control.say({ type: "devices", devices: await listed(manager) });
  }
  async #selectMicrophone(manager, id) {
    if (manager.selectedMicrophone?.id !== id) await manager.selectMicrophone(named(id, await manager.getMicrophones()));
  }
  async #selectSpeaker(manager, id) {
    if (manager.selectedSpeaker?.id !== id) await manager.selectSpeaker(named(id, await manager.getSpeakers()));
  }
  async #open(client) {
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
};
async function listed(manager) {
  return {
    microphones: (await manager.getMicrophones()).map(device),
    // Not every browser can list them.
    speakers: manager.isSpeakerSelectionAvailable ? (await manager.getSpeakers()).map(device) : [],
    microphone: manager.selectedMicrophone?.id ?? null,
    speaker: manager.selectedSpeaker?.id ?? null,
    canChooseSpeaker: manager.isSpeakerSelectionAvailable
  };
}
function device({ id, name, isSystemDefault, deviceType }) {
  return { id, name, isDefault: isSystemDefault, kind: deviceType };
}
function named(id, devices) {
  const found = devices.find((device2) => device2.id === id);
  if (!found) throw new Refusal("NoSuchDevice", "that device is not there any more");
  return found;
}

// graph.ts
var Wire = class {
  #worker = new Worker("/worker.js");
  onclosed = () => {
  };
  oncount = (_) => {
  };
  // Settles when the socket is open.
  open(secret2) {
    return new Promise((resolve) => {
      this.#worker.onmessage = ({ data }) => {
        if (!("socket" in data)) return this.oncount(data);
        if (data.socket === "open") resolve();
        else this.onclosed();
      };
      this.#tell({ address: address(PATHS.pcm), subprotocols: subprotocols(secret2) });
    });
  }
  carry(call, isHeard) {
    this.#tell({ call, isHeard });
  }
  attach(port) {
    this.#tell({ port }, [port]);
  }
  #tell(message, transfer2 = []) {
    this.#worker.postMessage(message, transfer2);
  }
};
var Graph = class _Graph {
  constructor(context3, node, destination) {
    this.context = context3;
    this.node = node;
    this.destination = destination;
    this.#element.muted = true;
  }
  context;
  node;
  destination;
  #source = null;
  // A stream of the network reaches a graph only while an element plays it, however silently.
  #element = new Audio();
  static async open(wire) {
    const context3 = new AudioContext({ sampleRate: FRAME.rate, latencyHint: "interactive" });
    await context3.audioWorklet.addModule("/worklet.js");
    const mono = { channelCount: 1, channelCountMode: "explicit" };
    const node = new AudioWorkletNode(context3, "bridge", { ...mono, numberOfInputs: 1, numberOfOutputs: 1, outputChannelCount: [1] });
    const destination = new MediaStreamAudioDestinationNode(context3, mono);
    node.connect(destination);
    const { port1, port2 } = new MessageChannel();
    wire.attach(port1);
    const graph = new _Graph(context3, node, destination);
    graph.#tell({ port: port2 }, [port2]);
    await context3.resume();
    return graph;
  }
  // A microphone for one call. Each call gets tracks of its own: a call on hold may switch its track off.
  microphone() {
    return this.destination.stream.clone();
  }
  // What the program sends may be heard in the call.
  gate(isOpen) {
    this.#tell({ isOpen });
  }
  // The sound of a call in place of what was heard before; null for none.
  async hear(stream2) {
    this.#source?.disconnect();
    this.#source = null;
    this.#element.srcObject = stream2;
    if (!stream2) return;
    this.#source = this.context.createMediaStreamSource(stream2);
    this.#source.connect(this.node);
    await this.#element.play().catch(() => {
    });
  }
  async close() {
    await this.hear(null);
    this.#tell({ end: true });
    await this.context.close();
  }
  #tell(message, transfer2 = []) {
    this.node.port.postMessage(message, transfer2);
  }
};

// people.ts
var People = class {
  constructor(sdk) {
    this.sdk = sdk;
  }
  sdk;
  id(identifier) {
    return this.sdk.getIdentifierRawId(identifier);
  }
  identifier(id) {
    return this.sdk.createIdentifierFromRawId(id);
  }
  person({ identifier, displayName }) {
    return { id: identifier ? this.id(identifier) : null, displayName: displayName ?? null };
  }
  // Nobody when nothing is known.
  maybe(info) {
    return info && (info.identifier || info.displayName) ? this.person(info) : null;
  }
};

// sdk.ts
async function load(path) {
  try {
    return await import(path);
  } catch (error) {
    throw new Refusal("NoSdk", error instanceof Error ? error.message : String(error));
  }
}

// sound.ts
var Sound = class {
  constructor(sdk, wire) {
    this.sdk = sdk;
    this.wire = wire;
    wire.oncount = (count) => this.#current?.moment({ type: "pcm", call: this.#current.number, ...count });
  }
  sdk;
  wire;
  #graph = null;
  #soundings = /* @__PURE__ */ new Map();
  // The call that has the sound, and the one whose stream the graph hears.
  #current = null;
  #heard = null;
  // Microphones that were made for calls which are not there yet.
  #preparing = 0;
  // Before the call is begun: what goes into its options. In system mode the SDK takes the default microphone.
  async prepare(wanted) {
    if (wanted === "system") return { wanted, capture: null, error: null };
    this.#preparing += 1;
    try {
      const graph = await this.#open();
      return { wanted, capture: new this.sdk.LocalAudioStream(graph.microphone(), { autoDisposeOnCallEnd: false }), error: null };
    } catch (error) {
      this.#preparing -= 1;
      return { wanted, capture: null, error: failure(error) };
    }
  }
  // The call was not begun with it after all.
  async discard({ capture }) {
    if (!capture) return;
    this.#preparing -= 1;
    capture.dispose();
    await this.#closeIfUnused();
  }
  // In the tick in which the call came to be.
  take(call, { wanted, capture, error }) {
    const mode = capture ? "raw" : "system";
    if (capture) this.#preparing -= 1;
    call.isRaw = mode === "raw";
    const wasKnown = this.#soundings.has(call);
    this.#soundings.set(call, { mode, wanted, capture, playback: null, isHeard: false, isSecondTry: false, error });
    if (!wasKnown) return;
    this.#say(call);
    this.#look(call);
  }
  // In a room or after a transfer the sound goes on as it was in the call before.
  async inherit(call, from) {
    const before = this.#soundings.get(from);
    if (before?.mode === "raw" && !this.#soundings.get(call)?.capture) await this.use(call, "raw");
  }
  watch = (call) => {
    const look = () => this.#look(call);
    call.onState(look);
    call.sdk.on("isMutedChanged", () => this.#gate());
    call.sdk.on("remoteAudioStreamsUpdated", look);
    call.sdk.on("localAudioStreamsUpdated", ({ removed }) => this.#lost(call, removed));
    call.onEnd(() => this.#end(call));
    return () => this.#say(call);
  };
  async deafen(call, isDeafened) {
    call.isDeafened = isDeafened;
    const isSilent = isDeafened || this.#soundings.get(call)?.mode === "raw";
    this.#gate();
    if (call.sdk.isIncomingAudioMuted !== isSilent) await (isSilent ? call.sdk.muteIncomingAudio() : call.sdk.unmuteIncomingAudio());
    sayDeafened(call);
  }
  // Another mode in the middle of a call.
  async use(call, mode) {
    const sounding = this.#soundings.get(call);
    if (!sounding) return mode;
    sounding.wanted = mode;
    sounding.error = null;
    if (mode === "system") {
      if (sounding.mode === "raw") await this.#toSystem(call, null);
    } else if (sounding.mode === "system") {
      await this.#toRaw(call, sounding);
    }
    this.#say(call);
    return sounding.mode;
  }
  // Sound is wanted of the call that is Connected; the SDK's stream may come before or after.
  #look(call) {
    if (call.sdk.state === "Connected" || call.sdk.state === "EarlyMedia") this.#current = call;
    else if (this.#current === call && call.sdk.state === "LocalHold") this.#current = null;
    this.#gate();
    const sounding = this.#soundings.get(call);
    if (this.#current !== call || !sounding) return;
    if (sounding.mode === "raw") this.#hear(call, sounding).catch((error) => this.#toSystem(call, failure(error)));
    else this.#meter(call).catch((error) => call.trouble("measuring the sound", error));
  }
  async #hear(call, sounding) {
    const remote = call.sdk.remoteAudioStreams[0];
    if (!remote || remote === sounding.playback && this.#heard === call) return;
    sounding.playback = remote;
    this.#heard = call;
    const stream2 = await remote.getMediaStream();
    if (call.isOver || sounding.mode !== "raw" || sounding.playback !== remote) return;
    const graph = await this.#open();
    await graph.hear(stream2);
    sounding.isHeard = true;
    this.#say(call);
    if (!call.sdk.isIncomingAudioMuted) await call.sdk.muteIncomingAudio().catch((error) => call.trouble("silencing the browser", error));
  }
  // The SDK let go of our microphone in the middle of a call: once more, and if it is refused, the browser's.
  #lost(call, removed) {
    const sounding = this.#soundings.get(call);
    if (call.sdk.state !== "Connected" || !sounding?.capture || !removed.includes(sounding.capture) || sounding.isSecondTry) return;
    sounding.isSecondTry = true;
    call.sdk.startAudio(sounding.capture).then(
      () => sounding.isSecondTry = false,
      (error) => this.#toSystem(call, failure(error))
    );
  }
  async #toSystem(call, error) {
    const sounding = this.#soundings.get(call);
    if (!sounding || call.isOver || sounding.mode === "system") return;
    const { capture } = sounding;
    Object.assign(sounding, { mode: "system", capture: null, playback: null, isHeard: false, error });
    call.isRaw = false;
    this.#gate();
    call.attempt("using the sound devices", () => call.sdk.stopAudio());
    capture?.dispose();
    if (!call.isDeafened) await call.sdk.unmuteIncomingAudio().catch((problem2) => call.trouble("using the sound devices", problem2));
    this.#say(call);
    this.#look(call);
    await this.#closeIfUnused();
  }
  async #toRaw(call, sounding) {
    const prepared = await this.prepare("raw");
    const { capture, error } = prepared;
    sounding.error = error;
    if (!capture) return;
    try {
      await call.sdk.startAudio(capture);
    } catch (refused) {
      sounding.error = failure(refused);
      return this.discard(prepared);
    }
    this.#preparing -= 1;
    Object.assign(sounding, { mode: "raw", capture });
    call.isRaw = true;
    this.#look(call);
  }
  // Nothing is heard in a call that is not Connected, or in which we are muted, whatever the program sends.
  #gate() {
    const call = this.#current;
    const isRaw = call !== null && this.#soundings.get(call)?.mode === "raw";
    this.wire.carry(isRaw ? call.number : 0, isRaw && !call.isDeafened);
    const isOpen = isRaw && call.sdk.state === "Connected" && !call.sdk.isMuted;
    this.#graph?.then((graph) => graph.gate(isOpen)).catch(() => {
    });
  }
  #end(call) {
    const sounding = this.#soundings.get(call);
    this.#soundings.delete(call);
    if (this.#current === call) this.#current = null;
    sounding?.capture?.dispose();
    if (this.#heard === call) {
      this.#heard = null;
      this.#graph?.then((graph) => graph.hear(null)).catch(() => {
      });
    }
    this.#gate();
    this.#closeIfUnused();
  }
  // A running graph costs a twelfth of a core.
  async #closeIfUnused() {
    if (this.#preparing > 0 || [...this.#soundings.values()].some(({ mode }) => mode === "raw")) return;
    const graph = this.#graph;
    this.#graph = null;
    await (await graph?.catch(() => null))?.close();
  }
  #open() {
    this.#graph ??= Graph.open(this.wire).catch((error) => {
      this.#graph = null;
      throw error;
    });
    return this.#graph;
  }
  #say(call) {
    const sounding = this.#soundings.get(call);
    if (!sounding) return;
    const isRaw = sounding.mode === "raw";
    call.state({
      type: "audio",
      call: call.number,
      mode: sounding.mode,
      wanted: sounding.wanted,
      hasCapture: isRaw ? sounding.capture !== null : call.sdk.localAudioStreams.length > 0,
      hasPlayback: isRaw ? sounding.isHeard : call.sdk.remoteAudioStreams.length > 0,
      error: sounding.error
    });
  }
  // In raw mode the program measures the samples themselves.
  async #meter(call) {
    this.#say(call);
    const [capture, playback] = await Promise.all([volumeOf(call.sdk.localAudioStreams[0]), volumeOf(call.sdk.remoteAudioStreams[0])]);
    let said = -Infinity;
    const say = () => {
      if (call.isRaw || performance.now() - said < OFTEN) return;
      said = performance.now();
      call.moment({ type: "levels", call: call.number, capture: capture?.level ?? 0, playback: playback?.level ?? 0 });
    };
    for (const volume of [capture, playback]) {
      if (!volume || metered.has(volume)) continue;
      metered.add(volume);
      volume.on("levelChanged", say);
    }
  }
};
async function volumeOf(stream2) {
  return stream2 ? stream2.getVolume() : null;
}
var metered = /* @__PURE__ */ new WeakSet();
var OFTEN = 200;

// tokens.ts
var Tokens = class {
  #control;
  #waiting = /* @__PURE__ */ new Map();
  #asked = 0;
  constructor(control2) {
    this.#control = control2;
  }
  // With the time at which it ends if the program tells; else the SDK reads that in the token.
  ask(identity, agent) {
    const wanted = ++this.#asked;
    return new Promise((give, refuse) => {
      this.#waiting.set(wanted, { give, refuse });
      this.#control.say({ type: "tokenWanted", wanted, identity, agent });
    });
  }
  answer(word) {
    const waiting = this.#waiting.get(word.wanted);
    this.#waiting.delete(word.wanted);
    if (word.type === "tokenRefused") return waiting?.refuse(new Refusal("NoToken", word.because));
    waiting?.give(word.expiresOn === null || word.expiresOn === void 0 ? word.token : { token: word.token, expiresOnTimestamp: word.expiresOn });
  }
};

// page.ts
var secret = takeSecret();
var desk = null;
var problem = "the page is not ready";
var control = new Control(secret, {
  welcome: (welcome) => void open(welcome),
  answer: (word) => tokens.answer(word),
  command: (command) => void answer(command),
  gone: () => void leave()
});
var tokens = new Tokens(control);
window.addEventListener("error", ({ error, message }) => trouble("running", error ?? new Error(message)));
window.addEventListener("unhandledrejection", ({ reason }) => trouble("running", reason));
document.addEventListener(
  "securitypolicyviolation",
  ({ effectiveDirective, blockedURI }) => trouble("keeping the policy", new Refusal("Unexpected", `${effectiveDirective} forbids ${origin(blockedURI)}`))
);
async function open({ app }) {
  const wire = new Wire();
  wire.onclosed = () => control.end("socket");
  await wire.open(secret);
  try {
    desk = await prepare(app, wire);
    control.say({ type: "ready", hasSdk: true, problem: null });
    desk.refresh();
  } catch (error) {
    problem = failure(error).message;
    control.say({ type: "ready", hasSdk: false, problem });
  }
}
async function prepare({ name, version }, wire) {
  const sdk = await load(PATHS.sdk);
  const people = new People(sdk);
  const tools = { sdk, people, control, trouble };
  const sound = new Sound(sdk, wire);
  const calls = new Calls(tools, sound);
  const clients = new Clients(() => new sdk.CallClient({ diagnostics: { appName: name, appVersion: version, tags: [] } }));
  const devices = new SoundDevices(clients, control);
  const agents = new Agents(tools, tokens, calls, clients, devices);
  const elsewhere = clients.first.feature(sdk.Features.DebugInfo);
  const sayElsewhere = () => control.say({ type: "otherPage", isActive: elsewhere.isCallClientActiveInAnotherTab });
  elsewhere.on("isCallClientActiveInAnotherTabChanged", sayElsewhere);
  const refresh = () => {
    sayElsewhere();
    agents.refresh();
    void devices.say();
    for (const call of calls.all) call.refresh();
  };
  return { sdk, clients, people, agents, calls, beginnings: new Beginnings(agents, calls, people, sound), sound, devices, refresh };
}
async function answer(command) {
  try {
    if (command.type === "close") return await close(command.id);
    if (!desk) throw new Refusal("NoSdk", problem);
    const result = await carryOut(desk, command);
    control.say({ type: "done", id: command.id, result });
  } catch (error) {
    control.say({ type: "failed", id: command.id, error: failure(error) });
  }
  desk?.calls.announce();
}
async function close(id) {
  await dispose();
  control.say({ type: "done", id, result: null });
  control.end("command");
}
async function leave() {
  await dispose();
  window.close();
  location.replace("about:blank");
}
var disposing = null;
function dispose() {
  disposing ??= Promise.race([disposeAll(), new Promise((resolve) => setTimeout(resolve, PARTING))]);
  return disposing;
}
async function disposeAll() {
  await desk?.agents.disposeAll();
  await Promise.allSettled(desk?.clients.all.map((client) => client.dispose()) ?? []);
}
function trouble(doing, error) {
  control.say({ type: "trouble", doing, error: failure(error) });
}
function origin(address2) {
  try {
    return new URL(address2).origin;
  } catch {
    return address2;
  }
}
var PARTING = 2e3;
