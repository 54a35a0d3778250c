// The browser build in headless Chromium: every realtime event, losing the link, and a planned switch.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { CommunicationIdentityClient } from "@azure/communication-identity";
import { launched } from "./chromium.mjs";
import { person } from "./rest.mjs";

// A page on loopback that has loaded page.js, and a way to close everything.
export async function opened() {
  const script = readFileSync(process.env.PAGE);
  const server = createServer((request, response) => {
    const isScript = request.url === "/page.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? script : '<!doctype html><meta charset="utf-8"><title>interop</title><script src="/page.js"></script>');
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  // The certificate authority of the service is new on every start; that it is one to be trusted is checked by the Node part.
  const context = await launched({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  page.on("pageerror", (error) => console.log(`      page: ${error}`));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const call = (method, ...args) => page.evaluate(([method, args]) => window.interop[method](...args), [method, args]);
  return {
    open: (name, endpoint, token) => call("open", name, endpoint, token),
    seen: (name, event, wanted = {}, n = 1, ms = 10000) => call("seen", name, event, wanted, n, ms),
    count: (name, event, wanted = {}) => call("count", name, event, wanted),
    client: (name, method, ...args) => call("client", name, method, ...args),
    thread: (name, threadId, method, ...args) => call("thread", name, threadId, method, ...args),
    stop: (name) => call("stop", name),
    async close() {
      await context.close();
      server.close();
    },
  };
}

export async function browser(report, { endpoint, connectionString }, control) {
  const check = (name, body, seconds) => report.check(name, body, seconds);
  const identities = new CommunicationIdentityClient(connectionString);
  const [alice, bob, carol] = await Promise.all([1, 2, 3].map(() => person(identities, endpoint)));
  const who = ({ id }) => ({ kind: "communicationUser", communicationUserId: id });
  let page;
  let threadId;

  report.part("realtime notifications, browser build in Chromium");
  await check("the clients connect", async () => {
    page = await opened();
    await page.open("alice", endpoint, alice.token);
    await page.open("bob", endpoint, bob.token);
    await page.open("carol", endpoint, carol.token);
  });
  if (!page) return;
  const send = async (content, options = {}) => (await page.thread("alice", threadId, "sendMessage", { content }, options)).id;

  await check("chatThreadCreated", async () => {
    const { chatThread } = await page.client("alice", "createChatThread", { topic: "Live 100% %41 ü" }, {
      participants: [alice, bob].map((one, n) => ({ id: { communicationUserId: one.id }, displayName: ["Alice", "Bob"][n] })),
      metadata: { a: "b" },
    });
    threadId = chatThread.id;
    for (const name of ["alice", "bob"]) {
      const event = await page.seen(name, "chatThreadCreated", { threadId });
      assert.equal(event.properties.topic, "Live 100% %41 ü");
      assert.deepEqual(event.properties.metadata, { a: "b" });
      assert.deepEqual(event.createdBy.id, who(alice));
      assert.deepEqual(event.participants.map(({ displayName }) => displayName).sort(), ["Alice", "Bob"]);
      assert.ok(event.createdOn > new Date(0) && event.version);
    }
  });
  let first;
  await check("chatMessageReceived, to the sender as well", async () => {
    first = await send("hello, 世界 100%", { senderDisplayName: "Alice", metadata: { clientMessageId: "c-1" } });
    for (const [name, one] of [["alice", alice], ["bob", bob]]) {
      const event = await page.seen(name, "chatMessageReceived", { id: first });
      assert.equal(event.threadId, threadId);
      assert.equal(event.message, "hello, 世界 100%");
      assert.equal(event.type.toLowerCase(), "text");
      assert.equal(event.senderDisplayName, "Alice");
      assert.deepEqual(event.sender, who(alice));
      assert.deepEqual(event.recipient, who(one));
      assert.deepEqual(event.metadata, { clientMessageId: "c-1" });
      assert.equal(event.version, first);
      assert.ok(Math.abs(event.createdOn.getTime() - Date.now()) < 60e3);
    }
  });
  await check("chatMessageReceived with html", async () => {
    const id = await send("<p>Hi <em>all</em></p>", { type: "html" });
    const event = await page.seen("bob", "chatMessageReceived", { id });
    assert.equal(event.type, "RichText/Html");
    assert.equal(event.message, "<p>Hi <em>all</em></p>");
  });
  await check("chatMessageEdited", async () => {
    await page.thread("alice", threadId, "updateMessage", first, { content: "hello again", metadata: { edited: "yes" } });
    const event = await page.seen("bob", "chatMessageEdited", { id: first });
    assert.equal(event.message, "hello again");
    assert.deepEqual(event.metadata, { edited: "yes" });
    assert.ok(BigInt(event.version) > BigInt(first));
    assert.ok(event.editedOn >= event.createdOn);
  });
  await check("chatMessageDeleted", async () => {
    await page.thread("alice", threadId, "deleteMessage", first);
    const event = await page.seen("bob", "chatMessageDeleted", { id: first });
    assert.ok(event.deletedOn >= event.createdOn);
    assert.deepEqual(event.sender, who(alice));
  });
  await check("typingIndicatorReceived", async () => {
    assert.equal(await page.thread("bob", threadId, "sendTypingNotification", { senderDisplayName: "Bob" }), true);
    const event = await page.seen("alice", "typingIndicatorReceived", { threadId });
    assert.equal(event.senderDisplayName, "Bob");
    assert.deepEqual(event.sender, who(bob));
    assert.ok(event.receivedOn > new Date(0));
  });
  await check("readReceiptReceived", async () => {
    const id = await send("read me");
    await page.thread("bob", threadId, "sendReadReceipt", { chatMessageId: id });
    const event = await page.seen("alice", "readReceiptReceived", { chatMessageId: id });
    assert.equal(event.threadId, threadId);
    assert.deepEqual(event.sender, who(bob));
    assert.ok(Math.abs(event.readOn.getTime() - Date.now()) < 60e3);
  });
  await check("chatThreadPropertiesUpdated", async () => {
    await page.thread("alice", threadId, "updateTopic", "Changed, 100%25");
    const event = await page.seen("bob", "chatThreadPropertiesUpdated", { threadId });
    assert.equal(event.properties.topic, "Changed, 100%25");
    assert.deepEqual(event.properties.metadata, { a: "b" });
    assert.deepEqual(event.updatedBy.id, who(alice));
  });
  await check("participantsAdded, to the new one as well", async () => {
    await page.thread("alice", threadId, "addParticipants", {
      participants: [{ id: { communicationUserId: carol.id }, displayName: "Carol", metadata: { role: "guest" }, shareHistoryTime: new Date(0) }],
    });
    for (const name of ["bob", "carol"]) {
      const event = await page.seen(name, "participantsAdded", { threadId });
      assert.deepEqual(event.addedBy.id, who(alice));
      assert.equal(event.participantsAdded.length, 1);
      assert.equal(event.participantsAdded[0].displayName, "Carol");
      assert.deepEqual(event.participantsAdded[0].id, who(carol));
      assert.deepEqual(event.participantsAdded[0].metadata, { role: "guest" });
    }
  });
  await check("participantsRemoved", async () => {
    await page.thread("alice", threadId, "removeParticipant", { communicationUserId: carol.id });
    const event = await page.seen("bob", "participantsRemoved", { threadId });
    assert.deepEqual(event.removedBy.id, who(alice));
    assert.deepEqual(event.participantsRemoved.map(({ id }) => id), [who(carol)]);
  });
  await check("what is said after that no longer reaches the one who was removed", async () => {
    const id = await send("among ourselves");
    await page.seen("bob", "chatMessageReceived", { id });
    assert.equal(await page.count("carol", "chatMessageReceived", { id }), 0);
  });
  await check("a second device of the same user gets everything as well", async () => {
    await page.open("bob-2", endpoint, bob.token);
    await eventually(async () => {
      const id = await send("to both");
      await page.seen("bob-2", "chatMessageReceived", { id }, 1, 1000);
      await page.seen("bob", "chatMessageReceived", { id });
    });
    await page.stop("bob-2");
  });

  report.part("losing and keeping the link");
  const rejoined = (name) => page.count(name, "realTimeNotificationConnected");
  await check("after a dropped socket the client connects again and gets what follows, once", async () => {
    const before = await rejoined("bob");
    await control.drop(bob.id);
    await page.seen("bob", "realTimeNotificationDisconnected");
    await page.seen("bob", "realTimeNotificationConnected", {}, before + 1);
    await arrivesOnce("bob", "after the drop");
  });
  await check("ten drops in a row leave one connection, not ten", async () => {
    for (let n = 0; n < 10; n += 1) {
      const before = await rejoined("bob");
      await control.drop(bob.id);
      await page.seen("bob", "realTimeNotificationConnected", {}, before + 1);
    }
    await arrivesOnce("bob", "after ten drops");
  }, 60);
  await check("a planned switch is one more connection, without a gap and without duplicates", async () => {
    const connected = await rejoined("bob");
    const lost = await page.count("bob", "realTimeNotificationDisconnected");
    await control.reconnect(bob.id);
    await page.seen("bob", "realTimeNotificationConnected", {}, connected + 1);
    await arrivesOnce("bob", "after the switch");
    assert.equal(await page.count("bob", "realTimeNotificationDisconnected"), lost);
  });
  await check("a burst arrives complete, in order and once", async () => {
    const ids = [];
    for (let n = 0; n < 100; n += 1) ids.push(await send(`burst ${n}`));
    await page.seen("bob", "chatMessageReceived", { id: ids.at(-1) });
    for (const id of ids) assert.equal(await page.count("bob", "chatMessageReceived", { id }), 1);
  });
  await check("chatThreadDeleted", async () => {
    await page.client("alice", "deleteChatThread", threadId);
    const event = await page.seen("bob", "chatThreadDeleted", { threadId });
    assert.deepEqual(event.deletedBy.id, who(alice));
    assert.equal(event.reason, "deletedByUser");
  });
  await check("stopping ends the notifications", async () => {
    await page.stop("bob");
    const { chatThread } = await page.client("alice", "createChatThread", { topic: "Later" }, { participants: [{ id: { communicationUserId: bob.id } }] });
    await page.seen("alice", "chatThreadCreated", { threadId: chatThread.id });
    assert.equal(await page.count("bob", "chatThreadCreated", { threadId: chatThread.id }), 0);
  });
  await page.close();

  // A registration comes up to a second after `Connected`, and what is sent before it is lost (as it is in the cloud).
  async function eventually(attempt) {
    for (let n = 0; ; n += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (n === 5) throw error;
      }
    }
  }

  async function arrivesOnce(name, text) {
    await eventually(async () => {
      const id = await send(text);
      await page.seen(name, "chatMessageReceived", { id }, 1, 1000);
      const next = await send(`${text}, and again`);
      await page.seen(name, "chatMessageReceived", { id: next }, 1, 1000);
      for (const one of [id, next]) assert.equal(await page.count(name, "chatMessageReceived", { id: one }), 1);
    });
  }
}
