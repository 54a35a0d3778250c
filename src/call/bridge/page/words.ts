// What is said in words: captions, and text as it is typed.
import type { Captions, CaptionsCommon, TeamsCaptions } from "@azure/communication-calling";
import type { LiveCall, Watch } from "./call.js";

export const watchCaptions: Watch = (call) => {
  const feature = call.feature("Captions");
  let followed: CaptionsCommon | undefined;
  const say = () => {
    const { captions } = feature;
    if (captions !== followed) {
      followed = captions;
      if (isOfTeams(captions)) followTeams(call, captions, say, () => captions === followed);
      else follow(call, captions as Captions, say, () => captions === followed);
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
      captionLanguages: [...(ofTeams?.supportedCaptionLanguages ?? [])],
    });
  };
  // Another object then.
  feature.on("CaptionsKindChanged", say);
  return say;
};

function followTeams(call: LiveCall, captions: TeamsCaptions, say: () => void, isCurrent: () => boolean): void {
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
      at: timestamp?.getTime() ?? null,
    });
  });
}

function follow(call: LiveCall, captions: Captions, say: () => void, isCurrent: () => boolean): void {
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
      at: timestamp?.getTime() ?? null,
    });
  });
}

export function isOfTeams(captions: CaptionsCommon): captions is TeamsCaptions {
  return captions.kind === "TeamsCaptions";
}

export const watchRealTimeText: Watch = (call) => {
  call.feature("RealTimeText").on("realTimeTextReceived", ({ sender, sequenceId, text, resultType, isLocal, updatedTimestamp }) =>
    call.moment({
      type: "realTimeText",
      call: call.number,
      sender: call.people.person(sender),
      sequence: sequenceId,
      text,
      result: resultType,
      isLocal,
      at: updatedTimestamp?.getTime() ?? null,
    }),
  );
  return undefined;
};
