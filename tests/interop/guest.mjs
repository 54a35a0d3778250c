// The page for guests in headless Chromium, and a terminal client in the same meeting.
import assert from "node:assert/strict";
import { launched } from "./chromium.mjs";
import { Control } from "./control.mjs";
import { host } from "./host.mjs";
import { quickest } from "./quickest.mjs";
import { watchFor } from "./watch.mjs";
import { Sidetone } from "./sidetone.mjs";

const MEDIA = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", "--autoplay-policy=no-user-gesture-required", "--allow-loopback-in-peer-connection"];
const MAPPED = ["--host-resolver-rules=MAP meet.example 127.0.0.1, MAP elsewhere.example 127.0.0.1"];

export async function guest(report) {
  const service = await host(["--listen", "127.0.0.1:0", "--host-name", "meet.example"]);
  try {
    await onService(report, service);
  } finally {
    await service.stop();
  }
}

async function onService(report, service) {
  const check = (name, body, seconds) => report.check(name, body, seconds);
  const { endpoint } = service.ready;
  const control = new Control(service.ready);
  const browser = await launched({ args: [...MEDIA, ...MAPPED] });
  const errors = [];
  const tab = async (address) => {
    const page = await browser.newPage();
    page.setDefaultTimeout(10_000);
    page.on("pageerror", (error) => errors.push(`${error.stack}`));
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    await page.goto(address);
    return page;
  };
  const meeting = (options) => control.post("/meetings", { topic: "Design review", organizer: "Alice", ...options });
  const organized = async (options) => {
    const made = await meeting(options);
    await control.meeting(made, "participants", { name: "Alice" });
    return made;
  };
  const joined = async (made, name) => {
    const page = await tab(made.guestLink);
    await page.getByLabel("Your name").fill(name);
    await page.getByRole("button", { name: "Join", exact: true }).click();
    await page.locator("#meeting").waitFor();
    return page;
  };
  const says = (page, where, words) => page.locator(where).filter({ hasText: words }).first().waitFor();

  report.part("the page for guests: coming in");
  const review = await organized({ lobby: "organization" });
  let ada;
  await check("a guest with a link waits in the lobby and is let in", async () => {
    ada = await tab(review.guestLink);
    assert.equal(await ada.evaluate(() => document.activeElement.id), "name");
    await ada.getByLabel("Your name").fill("Ada");
    await ada.keyboard.press("Enter");
    await ada.getByRole("heading", { name: "Waiting in the lobby of “Design review”" }).waitFor();
    assert.equal(await ada.evaluate(() => document.activeElement.id), "lobby-title");
    await says(ada, "#lobby", "Someone in the meeting must let you in");
    await control.person(review, "Ada", "admit");
    await ada.getByRole("heading", { name: "Design review" }).waitFor();
    await says(ada, "[role=alert]", "Call: you were admitted.");
    assert.match(await ada.locator("#call-line").textContent(), /^In the meeting since .+ · muted/);
    await says(ada, "#people-count", "2 people");
  });
  if (!ada) return browser.close();
  await check("the meeting link of a program leads a browser to the same meeting", async () => {
    const page = await tab(review.link);
    assert.equal(page.url(), review.guestLink);
    await page.close();
  });
  await check("a wrong passcode and an unknown meeting are told with what to do", async () => {
    const page = await tab(review.guestLink.replace(/#.*/, ""));
    await page.getByLabel("Your name").fill("Mallory");
    await page.getByLabel("Passcode").fill("wrong");
    await page.getByRole("button", { name: "Join", exact: true }).click();
    await says(page, "#join-failure", "That passcode is not the one of this meeting.");
    await page.goto(`${endpoint}/meet/1#x`);
    await page.getByLabel("Your name").fill("Mallory");
    await page.getByRole("button", { name: "Join", exact: true }).click();
    await says(page, "#join-failure", "There is no such meeting on this host.");
    await page.close();
  });
  await check("a reload keeps the person, the place and the mute", async () => {
    const before = await people(review);
    await ada.getByRole("button", { name: "Muted, unmute" }).click();
    await ada.getByRole("button", { name: "LIVE, mute" }).waitFor();
    await ada.reload();
    await ada.locator("#meeting").waitFor();
    await ada.getByRole("button", { name: "Muted, unmute" }).waitFor();
    assert.deepEqual(await people(review), before);
  });

  report.part("a terminal and a browser in one meeting, without an account");
  let bob;
  await check("the terminal comes in by the link", async () => {
    bob = await Sidetone.meet(review.link, { endpoint, name: "Bob" });
    await bob.line("waiting in the lobby");
    await control.person(review, "Bob", "admit");
    await bob.line("Joined Design review");
    await says(ada, "#log", "Call: Bob (External) joined, 3 people.");
  });
  await check("what the terminal writes is read in the browser", async () => {
    await bob.ask({ do: "send", text: "good morning, 世界 <b>not bold</b>" });
    await says(ada, ".message", "Bob (External): good morning, 世界 <b>not bold</b>");
  });
  await check("what the browser writes is read in the terminal, and shown once", async () => {
    await ada.getByLabel("Message").fill("hello from a <i>browser</i>");
    await ada.keyboard.press("Enter");
    await bob.line("Ada, external: hello from a <i>browser</i>");
    await says(ada, ".message.mine", "you: hello from a <i>browser</i>");
    assert.equal(await ada.locator(".message.mine").count(), 1);
    assert.equal(await ada.locator(".message.mine .when").textContent().then((text) => /^\d/.test(text)), true);
  });
  await check("edits and deletions of others are followed", async () => {
    await bob.ask({ do: "input", line: "/edit good evening" });
    await says(ada, ".message", "good evening");
    assert.equal(await ada.getByText("good morning").count(), 0);
    await bob.ask({ do: "input", line: "/delete" });
    await bob.ask({ do: "input", line: "yes" });
    await says(ada, ".message", "message deleted");
  });
  await check("rich text is shown, and nothing in it runs or leads astray", async () => {
    const before = errors.length;
    const thread = encodeURIComponent(review.threadId);
    const html =
      '<p onclick="window.hacked=1">Build <strong>1881</strong> is <a href="https://ci.example/1881">green</a></p><ul><li>one</li></ul>' +
      '<script>window.hacked=2</script><img src=x onerror="window.hacked=3" alt="a cat"><a href="javascript:window.hacked=4">press</a>' +
      '<iframe src="/meet"></iframe><style>body{display:none}</style><svg onload="window.hacked=5"></svg><form action="/x"><input></form>';
    await control.post(`/threads/${thread}/messages`, { as: "Alice", html });
    await says(ada, ".message", "Build 1881 is green (ci.example)");
    const words = ada.locator(".message").last().locator(".words");
    assert.equal(await words.locator("strong").textContent(), "1881");
    assert.equal(await words.locator("a").count(), 1);
    assert.equal(await words.locator("script, img, iframe, style, svg, form, input").count(), 0);
    assert.match(await words.textContent(), /\[picture a cat\]press/);
    const attributes = await words.evaluate((node) => [...node.querySelectorAll("*")].flatMap((one) => one.getAttributeNames()));
    assert.deepEqual(attributes.sort(), ["href", "rel", "target"]);
    assert.equal(await ada.evaluate(() => window.hacked), undefined);
    // The browser tells of each handler that it did not run.
    assert.ok(errors.splice(before).every((error) => error.includes("Content Security Policy")));
  });
  await check("after a dropped realtime channel what was missed is there, once and in order", async () => {
    await control.refuse(503, { of: "connect", times: 1 });
    const { id } = await person(review, "Ada (External)");
    await control.drop(id);
    for (let n = 0; n < 3; n += 1) await bob.ask({ do: "send", text: `while you were away ${n}` });
    await says(ada, ".message", "while you were away 2");
    const seen = (await ada.locator(".message .words").allTextContents()).filter((text) => text.startsWith("while"));
    assert.deepEqual(seen, [0, 1, 2].map((n) => `while you were away ${n}`));
  });
  await check("a hand that goes up in the browser is seen in the terminal", async () => {
    await ada.getByRole("button", { name: "Raise hand" }).click();
    await ada.getByRole("button", { name: "Lower hand, you are number 1" }).waitFor();
    await bob.ask({ do: "input", line: "/who" });
    await bob.line("Ada (External), attendee, muted, hand raised, number 1");
    await ada.getByRole("button", { name: "Lower hand" }).click();
  });
  await check("the key M mutes and unmutes, but not while one writes", async () => {
    await ada.locator("#topic").focus();
    await ada.keyboard.press("m");
    await ada.getByRole("button", { name: "LIVE, mute" }).waitFor();
    await ada.getByLabel("Message").focus();
    await ada.keyboard.press("m");
    assert.equal(await ada.getByLabel("Message").inputValue(), "m");
    await ada.getByLabel("Message").fill("");
    assert.equal(await ada.locator("#mute").textContent(), "LIVE, mute");
    await ada.locator("#topic").focus();
    await ada.keyboard.press("M");
    await ada.getByRole("button", { name: "Muted, unmute" }).waitFor();
  });
  await check("who mutes somebody else is named", async () => {
    await ada.locator("#mute").click();
    await ada.getByRole("button", { name: "LIVE, mute" }).waitFor();
    await control.person(review, "Ada", "mute");
    await says(ada, "[role=alert]", "Call: Alice muted you.");
  });

  await check("captions are shown when they are asked for, the final ones in a log", async () => {
    const said = (text, isFinal) => control.person(review, "Alice", "caption", { words: { text, isFinal } });
    await said("not asked for", true);
    await ada.locator("#settings > summary").click();
    await ada.getByLabel("Captions", { exact: true }).check();
    await ada.locator("#settings > summary").click();
    // The answer to a question on the same socket: what was asked for before is known by then.
    await ada.getByRole("button", { name: "Raise hand" }).click();
    await ada.getByRole("button", { name: "Lower hand" }).click();
    await ada.getByRole("button", { name: "Raise hand" }).waitFor();
    await said("so the bud", false);
    await says(ada, "#partial", "Caption, Alice: so the bud");
    await said("so the budget is fine", true);
    await says(ada, "#captions", "Caption, Alice: so the budget is fine");
    assert.equal(await ada.locator("#captions p").count(), 1);
  });
  await check("real-time text goes both ways, letter by letter", async () => {
    await ada.locator("#settings > summary").click();
    await ada.getByLabel(/^Real-time text: others see/).check();
    assert.equal(await ada.evaluate(() => document.activeElement.id), "live");
    await ada.keyboard.type("my microphone is bro");
    await ada.keyboard.type("ken");
    await ada.keyboard.press("Enter");
    await bob.line("Text, Ada, external: my microphone is broken");
    await says(ada, "#captions", "Text, you: my microphone is broken");
    await control.person(review, "Bob", "text", { words: { text: "I can", isFinal: false } });
    await says(ada, "#partial", "Text, Bob (External): I can");
    await control.person(review, "Bob", "text", { words: { text: "I can read you", isFinal: true } });
    await says(ada, "#captions", "Text, Bob (External): I can read you");
    await ada.getByLabel(/^Real-time text: others see/).uncheck();
    await ada.getByLabel("Captions", { exact: true }).uncheck();
    await ada.locator("#settings > summary").click();
  });

  report.part("notices and consent");
  await check("a notice is shown within 100 ms of the service's write", async () => {
    const offset = await clockOffset(ada);
    for (const [act, words] of [["recording", "REC Recording by Alice since"], ["transcription", "TRANSCRIPT by Alice since"]]) {
      const started = async () => {
        const shown = ada.evaluate(watchFor, ["#standing", words]);
        await ada.evaluate(() => window.watching);
        const { written } = await control.meeting(review, act, { active: true, byName: "Alice" });
        return (await shown) + offset - Math.min(...written) * 1000;
      };
      const late = await quickest(100, started, async () => {
        await control.meeting(review, act, { active: false });
        await ada.waitForFunction((words) => !document.getElementById("standing").textContent.includes(words), words);
      });
      console.log(`      ${act}: shown ${late.toFixed(1)} ms after the first write`);
      assert.ok(late < 100, `${act}: ${late.toFixed(1)} ms`);
      await says(ada, "[role=alert]", `Notice: ${act} started by Alice.`);
    }
  });
  await check("acknowledging stops the repeats and hides nothing", async () => {
    await ada.getByRole("button", { name: "Acknowledge" }).click();
    assert.equal(await ada.locator("#alerts").getByText("recording started").count(), 0);
    await says(ada, "#standing", "REC Recording by Alice since");
    assert.equal(await ada.getByRole("button", { name: "Acknowledge" }).count(), 0);
  });
  await check("consent is asked in a dialog that only a button answers", async () => {
    await control.meeting(review, "consent", { required: true });
    const dialog = ada.getByRole("dialog", { name: "The meeting asks for your consent" });
    await dialog.waitFor();
    assert.equal(await ada.evaluate(() => document.activeElement.id), "consent-title");
    await ada.keyboard.press("Enter");
    await ada.keyboard.press("Escape");
    await says(ada, "#standing", "Listen only: recording needs your consent");
    await ada.locator("#topic").focus();
    await ada.keyboard.press("m");
    await dialog.waitFor();
    await ada.getByRole("button", { name: "I do not consent, I only listen" }).click();
    await says(ada, "#standing", "Listen only: you did not consent");
    assert.match(await ada.locator("#mute").textContent(), /^Listen only/);
    await ada.getByRole("button", { name: "Change the answer" }).click();
    await ada.getByRole("button", { name: "I consent to be recorded" }).click();
    await ada.getByRole("button", { name: "Muted, unmute" }).waitFor();
    await control.meeting(review, "consent", { required: false });
  });
  await check("while the service is silent the notices are unknown, at once and in words", async () => {
    const offset = await clockOffset(ada);
    const unknown = async () => {
      const words = ["Recording: unknown", "Transcription: unknown", "Connection lost since", "REC Recording by Alice on when you joined"];
      const [seen, ...besides] = words.map((words) => ada.evaluate(watchFor, ["#standing", words]));
      await ada.evaluate(() => window.watching);
      const begun = monotonic();
      await control.post("/silence", { millis: 900 });
      const late = (await seen) + offset - begun;
      await Promise.all(besides);
      return late;
    };
    const back = () => ada.waitForFunction(() => !document.getElementById("standing").textContent.includes("unknown"));
    const late = await quickest(350, unknown, back);
    console.log(`      unknown ${late.toFixed(0)} ms after the service fell silent`);
    assert.ok(late < 350, `${late} ms`);
    await says(ada, "#standing", "REC Recording by Alice on when you joined");
    await says(ada, "[role=alert]", "Notice: this meeting is being recorded.");
  });
  await check("a broken socket is unknown too, and the place is taken up again", async () => {
    const before = await people(review);
    const seen = ada.evaluate(watchFor, ["#standing", "Recording: unknown"]);
    await ada.evaluate(() => window.watching);
    await control.post("/drop", { channel: "call", how: "drop" });
    await seen;
    await says(ada, "#standing", "REC Recording");
    await ada.waitForFunction(() => !document.getElementById("standing").textContent.includes("lost"));
    assert.deepEqual(await people(review), before);
  });

  report.part("keyboard and screen reader");
  await check("every control has a name, and live regions have their roles", async () => {
    await ada.locator("#settings > summary").click();
    await ada.locator("#people-count").click();
    const nodes = await tree(ada);
    const controls = new Set(["button", "textbox", "checkbox", "radio", "combobox", "slider", "meter", "link", "DisclosureTriangle", "dialog"]);
    const nameless = nodes.filter(({ role, name }) => controls.has(role) && !name);
    assert.deepEqual(nameless, []);
    const named = (role) => nodes.filter((node) => node.role === role).map(({ name }) => name);
    assert.deepEqual(named("log"), ["Chat and events", "Captions and real-time text"]);
    assert.equal(named("alert").length, 1);
    assert.equal(named("status").length, 1);
    assert.ok(named("slider").includes("Volume"));
    const live = await ada.locator("#log").getAttribute("aria-live");
    assert.equal(live, "polite");
    await ada.locator("#settings > summary").click();
    await ada.locator("#people-count").click();
  });
  await check("Tab reaches everything in the order of the page, both ways, and is nowhere trapped", async () => {
    // The way to the newest line is there only while the log is scrolled, as it is by going through its links.
    const steady = (id) => id !== "to-newest";
    const order = (await tabbed(ada, "Tab")).filter(steady);
    const back = (await tabbed(ada, "Shift+Tab")).filter(steady);
    assert.deepEqual(back, order.toReversed());
    const wanted = ["people-count", "log", "mute", "hand", "leave", "text"];
    assert.deepEqual(order.filter((id) => wanted.includes(id)), wanted);
  });
  await check("the form before the meeting can be filled in with the keyboard alone", async () => {
    const page = await tab(review.guestLink);
    await page.keyboard.type("Keys");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.id), "audio-full");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    assert.equal(await page.evaluate(() => document.activeElement.value), "none");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    await page.locator("#lobby").waitFor();
    await control.person(review, "Keys", "deny");
    await says(page, "#ended", "The organizer did not let you in from the lobby");
    await says(page, "#ended", "Ask the organizer. Code 0/5854.");
    await page.close();
  });

  report.part("endings");
  await check("leaving asks once, and says what was recorded", async () => {
    await ada.getByRole("button", { name: "Leave" }).click();
    await ada.getByRole("dialog", { name: "Leave the meeting?" }).getByRole("button", { name: "Leave" }).click();
    await says(ada, "#ended", "You hung up");
    await says(ada, "#ended", "the meeting was recorded and transcribed.");
    assert.equal(await ada.evaluate(() => document.activeElement.id), "ended-title");
  });
  await check("whoever left can come again", async () => {
    await ada.getByRole("button", { name: "Join again" }).click();
    await ada.locator("#lobby").waitFor();
    await control.person(review, "Ada", "admit");
    await ada.locator("#meeting").waitFor();
    await says(ada, "[role=alert]", "Notice: this meeting is being recorded.");
  });
  await check("who is removed is told so", async () => {
    await control.person(review, "Ada", "remove");
    await says(ada, "#ended", /You were removed by another participant, by Alice/);
    await says(ada, "#ended", "Ask the organizer.");
  });
  await check("an ended meeting is told so", async () => {
    const short = await organized({ lobby: "everyone" });
    const page = await joined(short, "Cleo");
    await control.meeting(short, "end");
    await says(page, "#ended", /Ended by Alice/);
    await page.close();
  });
  await check("a chat that is closed to guests says so, and the call goes on", async () => {
    const silent = await organized({ lobby: "everyone", chat: "enabledExceptAnonymous" });
    const page = await joined(silent, "Cleo");
    await says(page, "#chat-state", "The chat of this meeting is closed to you. The call goes on.");
    assert.equal(await page.getByLabel("Message").isDisabled(), true);
    await page.close();
  });
  await check("a presenter lets others in from the page", async () => {
    const led = await organized({ lobby: "everyone", guestRole: "presenter" });
    const page = await joined(led, "Cleo");
    await control.patch(led, { lobby: "organization" });
    const other = await tab(led.guestLink);
    await other.getByLabel("Your name").fill("Dora");
    await other.keyboard.press("Enter");
    await says(page, "#log", "Lobby: Dora (External) is waiting.");
    await page.getByRole("button", { name: "Let in Dora (External)" }).click();
    await other.locator("#meeting").waitFor();
    await page.close();
    await other.close();
  });

  report.part("where a page may be");
  await check("over http under a name the page says what it cannot do, and the chat works", async () => {
    const open = await organized({ lobby: "everyone" });
    const before = errors.length;
    const page = await tab(open.guestLink.replace("127.0.0.1", "meet.example"));
    // The browser says itself that some of the hardening needs https.
    errors.push(...errors.splice(before).filter((error) => !error.includes("Cross-Origin-Opener-Policy")));
    await says(page, "#insecure", "browsers give the microphone only to https pages");
    assert.equal(await page.getByLabel("Hear and speak").isDisabled(), true);
    await page.getByLabel("Your name").fill("Cleo");
    await page.keyboard.press("Enter");
    await page.locator("#meeting").waitFor();
    await page.getByLabel("Message").fill("over http");
    await page.keyboard.press("Enter");
    await says(page, ".message.mine .when", /^\d/);
    assert.equal(await page.locator("#mute").textContent(), "Listening only, use a microphone");
    await page.locator("#mute").click();
    await says(page, "#said", "browsers give the microphone only to https pages");
    await page.close();
  });
  await check("under a name that is not the host's the page is refused, in words", async () => {
    const before = errors.length;
    const page = await tab(review.guestLink.replace("127.0.0.1", "elsewhere.example"));
    await page.getByLabel("Your name").fill("Cleo");
    await page.keyboard.press("Enter");
    await says(page, "#join-failure", "This service does not know itself by the name in the page's address.");
    errors.splice(before);
    await page.close();
  });
  await check("the terminal quits when it is told to", async () => {
    assert.equal(await bob.quit(), 0);
  });
  await check("the page made no error of its own", async () => {
    const expected = /503|WebSocket|ERR_INCOMPLETE|ERR_CONNECTION|404|403/;
    assert.deepEqual(errors.filter((error) => !expected.test(error)), []);
  });
  await browser.close();

  // Those in the meeting or before it, as the service has them.
  async function people({ threadId }) {
    return (await control.get(`/meetings/${encodeURIComponent(threadId)}`)).people;
  }

  async function person(made, name) {
    return (await people(made)).find(({ displayName }) => displayName === name);
  }
}

const monotonic = () => Number(process.hrtime.bigint()) / 1e6;

// What to add to the page's clock to have ours; the quickest of some questions is the most exact one.
async function clockOffset(page) {
  let best = { took: Infinity, offset: 0 };
  for (let n = 0; n < 15; n += 1) {
    const before = monotonic();
    const there = await page.evaluate(() => performance.now());
    const took = monotonic() - before;
    if (took < best.took) best = { took, offset: before + took / 2 - there };
  }
  return best.offset;
}

// What a screen reader is given: role and name of everything that is not hidden from it.
async function tree(page) {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  await session.detach();
  return nodes.filter(({ ignored }) => !ignored).map(({ role, name }) => ({ role: role?.value, name: name?.value }));
}

// The ids that a key visits, from the start of the page until it has left it.
async function tabbed(page, key) {
  const marked = () => page.evaluate(() => {
    const at = document.activeElement;
    if (at === document.body || at === document.documentElement) return null;
    return at.id || at.firstElementChild?.id || `${at.localName} ${at.textContent.trim().slice(0, 24)}`;
  });
  await page.evaluate((end) => {
    const fence = document.createElement("button");
    fence.id = "fence";
    fence.textContent = "fence";
    if (end) document.body.append(fence);
    else document.body.prepend(fence);
    fence.focus();
  }, key !== "Tab");
  const visited = [];
  for (let n = 0; n < 80; n += 1) {
    await page.keyboard.press(key);
    const at = await marked();
    if (at === null || at === "fence") break;
    visited.push(at);
  }
  await page.evaluate(() => document.getElementById("fence").remove());
  assert.ok(visited.length < 80, `the focus went round and round: ${visited.slice(-20)}`);
  return visited;
}
