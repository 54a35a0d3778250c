// Both together: the SDK in Chromium and sidetone in a terminal, in one thread.
import assert from "node:assert/strict";
import { CommunicationIdentityClient } from "@azure/communication-identity";
import { opened } from "./browser.mjs";
import { all, person } from "./rest.mjs";
import { Sidetone } from "./sidetone.mjs";

export async function together(report, { endpoint, connectionString, caFile }, control) {
  const check = (name, body, seconds) => report.check(name, body, seconds);
  const identities = new CommunicationIdentityClient(connectionString);
  const [alice, ada] = [await person(identities, endpoint), await person(identities, endpoint)];
  const { chatThread } = await alice.client.createChatThread(
    { topic: "Both together" },
    { participants: [alice, ada].map(({ id }, n) => ({ id: { communicationUserId: id }, displayName: ["Alice", "Ada"][n] })) },
  );
  const thread = alice.client.getChatThreadClient(chatThread.id);
  await thread.sendMessage({ content: "said before anybody came" }, { senderDisplayName: "Alice" });
  const page = await opened();
  let sidetone;
  const sdk = (method, ...args) => page.thread("alice", chatThread.id, method, ...args);
  const send = async (content, options = {}) => (await sdk("sendMessage", { content }, { senderDisplayName: "Alice", ...options })).id;

  report.part("the SDK and sidetone in one thread");
  await check("both come in", async () => {
    await page.open("alice", endpoint, alice.token);
    sidetone = await Sidetone.join(chatThread.id, { endpoint, token: ada.token, ca: caFile, name: "Ada" });
    await sidetone.line("Both together");
  });
  if (!sidetone) return page.close();

  let first;
  await check("sidetone shows what the SDK sends", async () => {
    first = await send("good morning, 世界");
    const told = await sidetone.message({ id: first });
    assert.equal(told.text, "good morning, 世界");
    assert.equal(told.mine, false);
    assert.equal(told.change, "new");
    await sidetone.line("good morning, 世界");
  });
  await check("sidetone shows rich text as words", async () => {
    const id = await send('<p>Build <strong>1881</strong> is green</p><ul><li>one</li><li>two</li></ul>', { type: "html" });
    await sidetone.message({ id });
    await sidetone.line("Build 1881 is green");
  });
  await check("what the SDK sends cannot steer the terminal", async () => {
    const id = await send("red \x1b[31malert\x07 \x9b2J done");
    const told = await sidetone.message({ id });
    assert.ok(!/[\x00-\x09\x0b-\x1f\x7f-\x9f]/.test(told.text), JSON.stringify(told.text));
    await sidetone.line("alert");
    assert.ok(!sidetone.written.includes("\x1b[31malert"));
  });
  await check("sidetone sees the SDK's edit", async () => {
    await sdk("updateMessage", first, { content: "good afternoon" });
    await sidetone.message({ id: first, text: "good afternoon" });
  });
  await check("sidetone sees the SDK's deletion", async () => {
    await sdk("deleteMessage", first);
    await sidetone.until(() => sidetone.news.some((news) => news.id === first && !news.text), "told of the deletion");
  });
  await check("sidetone sees the SDK's typing", async () => {
    const other = alice.client.getChatThreadClient(chatThread.id);
    await other.sendTypingNotification({ senderDisplayName: "Alice" });
    await sidetone.until(
      () => {
        if (sidetone.transcript.includes("Alice is typing")) return true;
        sidetone.type("/typing\r");
        return false;
      },
      "told of typing",
      500,
    );
  });

  let own;
  await check("the SDK sees what sidetone sends, and sidetone shows it once", async () => {
    await sidetone.ask({ do: "send", text: "yes, I will start <b>now</b>" });
    const told = await sidetone.until(() => sidetone.news.find((news) => news.event === "message" && news.mine), "told of its own message");
    own = told.id;
    const event = await page.seen("alice", "chatMessageReceived", { id: own });
    assert.equal(event.sender.communicationUserId, ada.id);
    assert.equal(event.senderDisplayName, "Ada");
    assert.deepEqual([event.type.toLowerCase(), event.message], ["text", "yes, I will start <b>now</b>"]);
    const copies = (await all(thread.listMessages())).filter((message) => message.id === own);
    assert.equal(copies.length, 1);
    assert.equal(sidetone.news.filter((news) => news.event === "message" && news.id === own && news.change === "new").length <= 1, true);
  });
  await check("the SDK sees sidetone's edit", async () => {
    await sidetone.ask({ do: "input", line: "/edit no, you start" });
    const event = await page.seen("alice", "chatMessageEdited", { id: own });
    assert.match(event.message, /no, you start/);
  });
  await check("sidetone shows the SDK's read receipt for its message", async () => {
    await sdk("sendReadReceipt", { chatMessageId: own });
    const listed = await all(thread.listReadReceipts());
    assert.ok(listed.some((receipt) => receipt.chatMessageId === own && receipt.sender.communicationUserId === alice.id));
    await sidetone.ask({ do: "input", line: "/fullscreen" });
    await sidetone.line("read by Alice");
    await sidetone.ask({ do: "input", line: "/linear" });
  });
  await check("the SDK sees sidetone's deletion", async () => {
    await sidetone.ask({ do: "input", line: "/delete" });
    await sidetone.ask({ do: "input", line: "yes" });
    await page.seen("alice", "chatMessageDeleted", { id: own });
  });
  await check("the SDK sees sidetone's typing", async () => {
    sidetone.type("I am just wri");
    const event = await page.seen("alice", "typingIndicatorReceived", { threadId: chatThread.id, sender: { communicationUserId: ada.id } });
    assert.ok(event.receivedOn > new Date(0));
    sidetone.type("\x15");
  });
  await check("the SDK sees sidetone's read receipt", async () => {
    const id = await send("have you seen this?");
    await sidetone.message({ id });
    const event = await page.seen("alice", "readReceiptReceived", { chatMessageId: id, sender: { communicationUserId: ada.id } });
    assert.ok(event.readOn > new Date(0));
  });
  await check("after a dropped socket sidetone shows what it missed, once and in order", async () => {
    await control.refuse(503, { of: "connect", times: 2 });
    await control.drop(ada.id);
    const ids = [];
    for (let n = 0; n < 5; n += 1) ids.push(await send(`while you were away ${n}`));
    await sidetone.message({ id: ids.at(-1) });
    const told = sidetone.news.filter((news) => news.event === "message" && ids.includes(news.id) && news.change === "new");
    assert.deepEqual(told.map(({ id }) => id), ids);
  });
  await check("sidetone quits when it is told to", async () => {
    assert.equal(await sidetone.quit(), 0);
  });
  await page.close();
}
