// Why a call ended, in the words of the terminal client: by subcode first, then by code. A test compares the two.
const ASK = "Ask the organizer.";
const REJOIN = "You can join again.";
const LATER = "Try again in a moment.";
const NETWORK = "Check the network and firewall; media needs UDP.";
const ELSEWHERE = "Close the other page or program, then join again.";

const BY_SUBCODE = {
  487: ["the caller hung up first", ""],
  603: ["the call was declined", ""],
  4097: ["the organizer ended the meeting for everyone", ""],
  4521: ["the connection of the other side ended abruptly", REJOIN],
  5000: ["you were removed by another participant", ASK],
  5300: ["you were removed by another participant", ASK],
  5317: ["you were removed because your role changed", ASK],
  5854: ["the organizer did not let you in from the lobby", ASK],
  5855: ["you waited too long in the lobby and the service took you out", REJOIN],
  5221: ["this meeting does not let external people join", "The organizer or their administrator must allow anonymous join."],
  5222: ["you may not start this meeting", "Join again once somebody of the organization is in it."],
  4507: ["your sign-in was missing or had expired", REJOIN],
  10057: ["the call could not be set up in time", LATER],
  301004: ["the sound could not get through the network", NETWORK],
  301005: ["the sound could not get through the network", NETWORK],
  40228: ["you are already signed in for calls elsewhere", ELSEWHERE],
};

const BY_CODE = {
  0: ["the call ended", ""],
  400: ["the service did not accept the request", LATER],
  401: ["your sign-in was missing or had expired", REJOIN],
  403: ["you may not join this meeting", ASK],
  404: ["the call was not found", "Check the link or id."],
  408: ["the service took too long to answer", LATER],
  409: ["you are already signed in for calls elsewhere", ELSEWHERE],
  410: ["the sound could not get through the network", NETWORK],
  412: ["a policy does not allow this call", ASK],
  487: ["the call was cancelled", ""],
  495: ["your sign-in was missing or had expired", REJOIN],
  500: ["the service has trouble of its own", LATER],
  503: ["the service has trouble of its own", LATER],
};

const UNKNOWN = ["the call ended for a reason unknown to this version", REJOIN];

// `words` follow a colon; `remedy` is a sentence or nothing.
export function ending({ code, subcode }) {
  if (code === 0 && subcode === 0) return { words: "you hung up", remedy: "", detail: "" };
  const [words, remedy] = BY_SUBCODE[subcode] ?? BY_CODE[code] ?? UNKNOWN;
  return { words, remedy, detail: `Code ${code}/${subcode}.` };
}

// The service only wants to see a new sign-in.
export const wantsNewSignIn = ({ code }) => code === 495 || code === 401;
