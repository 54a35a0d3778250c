// The page for guests: which part is shown, and the way from one to the next.
import { $, put } from "./dom.js";
import { wantsNewSignIn } from "./ending.js";
import { Guest } from "./guest.js";
import { JoinForm, addressed } from "./join.js";
import { capture } from "./microphone.js";
import { Stay } from "./stay.js";

const PARTS = ["join", "lobby", "meeting", "ended"];
const TITLES = { join: "join-title", lobby: "lobby-title", meeting: "topic", ended: "ended-title" };
// For measuring: `?processing=off` leaves the sound as the microphone gives it.
const processing = new URLSearchParams(location.search).get("processing") !== "off";

// An ending sooner than this is not mended by beginning again, in milliseconds.
const LASTING = 10_000;

const address = addressed();
const form = new JoinForm(address, enter);
let stay = null;
let last = null;

// Another part of the page; the focus goes to its title, so that it is read.
function view(part) {
  if (!$(part).hidden) return;
  for (const one of PARTS) $(one).hidden = one !== part;
  document.body.dataset.part = part;
  $(TITLES[part]).focus();
}

async function enter({ name, meeting, audio }) {
  const same = last?.guest.name === name ? last.guest : new Guest(name);
  same.keep({ name, meeting });
  await begin({ guest: same, audio, resumed: false });
}

async function begin({ guest, audio, resumed }) {
  last = { guest, audio, begun: Date.now() };
  guest.keep({ audio });
  let track = null;
  let without = audio === "listen" ? "you chose to hear only" : "";
  if (audio === "full") {
    try {
      track = await capture({ processing });
    } catch (failure) {
      without = failure.message;
    }
  }
  const taken = audio === "full" && !track ? "listen" : audio;
  stay = new Stay({ guest, audio: taken, track, without, processing, resumed }, view, over);
}

function over({ failure, message, line, remedy, detail, kept }) {
  stay = null;
  if (failure) {
    view("join");
    form.fail(failure.message, failure.about);
    return form.focus();
  }
  if (wantsNewSignIn(message) && Date.now() - last.begun > LASTING) {
    const { guest, audio } = last;
    return guest.access({ fresh: true }).then(
      () => begin({ guest, audio, resumed: true }),
      (failed) => over({ failure: failed }),
    );
  }
  put($("ended-words"), `${line[0].toUpperCase()}${line.slice(1)}`);
  put($("ended-remedy"), [remedy, detail].filter(Boolean).join(" "));
  put($("ended-notices"), kept);
  form.fail("");
  view("ended");
}

$("again").onclick = () => begin({ ...last, resumed: false });

document.addEventListener("keydown", (event) => {
  const isPlain = !event.ctrlKey && !event.altKey && !event.metaKey && !event.repeat;
  if (event.key.toLowerCase() !== "m" || !isPlain || !$("key-on").checked) return;
  if ($("meeting").hidden || document.querySelector("dialog[open]") || event.target.closest("input, textarea, select")) return;
  event.preventDefault();
  stay?.mute();
});
window.addEventListener("online", () => stay?.hurry());
window.addEventListener("pagehide", () => last?.guest.park());
window.addEventListener("pageshow", () => {
  last?.guest.keep({ parked: false });
  stay?.hurry();
});

const returning = address.id ? Guest.returning(address.id) : null;
if (returning) {
  $("name").value = returning.name;
  view("join");
  form.busy();
  begin({ guest: returning, audio: returning.audio, resumed: true });
} else {
  view("join");
  form.focus();
}
