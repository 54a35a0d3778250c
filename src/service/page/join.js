// The form before the meeting: a name, which meeting, and how to take part in its sound.
import { $, put, show } from "./dom.js";

// Which meeting the address names: `/meet/{id}#{passcode}`.
export function addressed() {
  const id = /^\/meet\/([^/]+)$/.exec(location.pathname)?.[1] ?? "";
  const behind = decodeURIComponent(location.hash.slice(1));
  const isUnknown = behind === "unknown-link";
  return { id: decodeURIComponent(id), passcode: isUnknown ? "" : behind, isUnknown };
}

export class JoinForm {
  #address;

  // `join` gets `{name, meeting, audio}` and answers when it is decided.
  constructor(address, join) {
    this.#address = address;
    show($("id-row"), !address.id);
    show($("passcode-row"), !address.id || !address.passcode);
    show($("insecure"), !window.isSecureContext);
    if (!window.isSecureContext) $("audio-listen").checked = true;
    $("audio-full").disabled = !window.isSecureContext;
    if (address.isUnknown) this.fail("That link names no meeting of this host. It may have ended with the host. Ask for a new link, or type a meeting id.");
    $("join-form").onsubmit = async (event) => {
      event.preventDefault();
      if ($("join-button").disabled) return;
      this.busy();
      await join(this.#chosen());
    };
  }

  busy() {
    put($("join-failure"), "");
    $("join-button").disabled = true;
    put($("join-button"), "Joining");
  }

  // What to do was said; the form can be used again.
  fail(words, about) {
    put($("join-failure"), words);
    $("join-button").disabled = false;
    put($("join-button"), "Join");
    if (about === "passcode") show($("passcode-row"), true);
  }

  // The focus goes to the first thing that is missing.
  focus() {
    const fields = [$("name"), $("meeting-id"), $("passcode")];
    const empty = fields.find((field) => !field.closest("p").hidden && field.value === "");
    (empty ?? $("join-title")).focus();
  }

  #chosen() {
    const id = this.#address.id || $("meeting-id").value.replace(/\s/g, "");
    const passcode = $("passcode").value.trim() || this.#address.passcode;
    const audio = document.querySelector("input[name=audio]:checked").value;
    return { name: $("name").value.trim(), meeting: { id, passcode: passcode || null }, audio };
  }
}
