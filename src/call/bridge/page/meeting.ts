// What people do in a meeting beside talking: hands, reactions, spotlight, and who may unmute.
import type { Watch } from "./call.js";

export const watchDominantSpeakers: Watch = (call) => {
  const feature = call.feature("DominantSpeakers");
  const say = () => {
    const ids = feature.dominantSpeakers?.speakersList.map((one) => call.people.id(one)) ?? [];
    call.state({ type: "dominantSpeakers", call: call.number, ids });
  };
  feature.on("dominantSpeakersChanged", say);
  return say;
};

export const watchHands: Watch = (call) => {
  const feature = call.feature("RaiseHand");
  const say = () => {
    const raised = feature.getRaisedHands().map(({ identifier, order }) => ({ id: call.people.id(identifier), order }));
    call.state({ type: "hands", call: call.number, raised: raised.sort((one, other) => one.order - other.order) });
  };
  feature.on("raisedHandEvent", say);
  feature.on("loweredHandEvent", say);
  return say;
};

export const watchReactions: Watch = (call) => {
  call.feature("Reaction").on("reaction", ({ identifier, reactionMessage }) =>
    call.moment({ type: "reaction", call: call.number, who: call.people.id(identifier), reaction: reactionMessage.reactionType }),
  );
  return undefined;
};

export const watchSpotlight: Watch = (call) => {
  const feature = call.feature("Spotlight");
  const say = () => {
    const spotlighted = feature.getSpotlightedParticipants().map(({ identifier, order }) => ({ id: call.people.id(identifier), order: order ?? null }));
    call.state({ type: "spotlight", call: call.number, most: feature.maxParticipantsToSpotlight, spotlighted });
  };
  feature.on("spotlightChanged", say);
  return say;
};

export const watchMediaAccess: Watch = (call) => {
  const feature = call.feature("MediaAccess");
  const say = () =>
    call.state({
      type: "mediaAccess",
      call: call.number,
      isAudioPermitted: feature.getMeetingMediaAccess().isAudioPermitted,
      others: feature.getAllOthersMediaAccess().map(({ participant, isAudioPermitted }) => ({ id: call.people.id(participant), isAudioPermitted })),
    });
  feature.on("mediaAccessChanged", say);
  feature.on("meetingMediaAccessChanged", say);
  return say;
};

export const watchCapabilities: Watch = (call) => {
  const feature = call.feature("Capabilities");
  const say = (because: string | null) => {
    const capabilities = Object.entries(feature.capabilities).map(([name, { isPresent, reason }]) => ({ name, isPresent, reason }));
    call.state({ type: "capabilities", call: call.number, capabilities, because });
  };
  feature.on("capabilitiesChanged", ({ reason }) => say(reason));
  return () => say(null);
};
