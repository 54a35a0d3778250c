// The SDKs in Node: identities and tokens, and every REST operation of chat.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { ChatClient } from "@azure/communication-chat";
import { AzureCommunicationTokenCredential } from "@azure/communication-common";
import { CommunicationIdentityClient } from "@azure/communication-identity";

export const chatClient = (endpoint, token) => new ChatClient(endpoint, new AzureCommunicationTokenCredential(token));

export async function person(identities, endpoint, scopes = ["chat"]) {
  const { user, token } = await identities.createUserAndToken(scopes);
  return { user, token, id: user.communicationUserId, client: chatClient(endpoint, token) };
}

export async function all(pages) {
  const items = [];
  for await (const item of pages) items.push(item);
  return items;
}

async function refused(promise, status, code) {
  const error = await promise.then(
    () => assert.fail(`was not refused with ${status}`),
    (error) => error,
  );
  assert.equal(error.name, "RestError", String(error));
  assert.equal(error.statusCode, status, String(error));
  if (code) assert.equal(error.code, code, String(error));
  return error;
}

const participant = ({ id }, displayName, more = {}) => ({ id: { communicationUserId: id }, displayName, ...more });

export async function rest(report, { endpoint, connectionString }, control) {
  const check = (name, body, seconds) => report.check(name, body, seconds);
  const identities = new CommunicationIdentityClient(connectionString);

  report.part("identities and tokens");
  await check("an identity is created and has an id of the resource", async () => {
    const user = await identities.createUser();
    assert.match(user.communicationUserId, /^8:acs:[0-9a-f-]{36}_/);
  });
  await check("an identity and its token are created at once, with the lifetime asked for", async () => {
    const { user, token, expiresOn } = await identities.createUserAndToken(["chat", "voip"], { tokenExpiresInMinutes: 60 });
    const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
    assert.equal(`8:${claims.skypeid}`, user.communicationUserId);
    assert.deepEqual(claims.acsScope.split(",").sort(), ["chat", "voip"]);
    assert.ok(Math.abs(expiresOn.getTime() - Date.now() - 3600e3) < 60e3, String(expiresOn));
    assert.ok(Math.abs(claims.exp * 1000 - expiresOn.getTime()) < 2000);
  });
  await check("a token is issued for an identity that exists", async () => {
    const user = await identities.createUser();
    const { token, expiresOn } = await identities.getToken(user, ["chat"]);
    assert.equal(token.split(".").length, 3);
    assert.ok(expiresOn > new Date());
  });
  await check("a lifetime out of range is refused", () => refused(identities.createUserAndToken(["chat"], { tokenExpiresInMinutes: 5 }), 400));
  await check("an unknown scope is refused", () => refused(identities.createUserAndToken(["everything"]), 400));
  await check("a token for an unknown identity is refused", async () => {
    const { communicationUserId } = await identities.createUser();
    const unknown = { communicationUserId: communicationUserId.replace(/_.*/, `_${randomUUID()}`) };
    const error = await identities.getToken(unknown, ["chat"]).catch((error) => error);
    assert.ok([403, 404].includes(error.statusCode), String(error));
  });
  await check("a wrong access key is refused", () => {
    const wrong = connectionString.replace(/accesskey=.*/i, `accesskey=${Buffer.from("not the key").toString("base64")}`);
    return refused(new CommunicationIdentityClient(wrong).createUser(), 401);
  });
  await check("revoked tokens no longer open chat", async () => {
    const someone = await person(identities, endpoint);
    await all(someone.client.listChatThreads());
    await identities.revokeTokens(someone.user);
    await refused(all(someone.client.listChatThreads()), 401);
  });
  await check("a deleted identity is gone", async () => {
    const someone = await person(identities, endpoint);
    await identities.deleteUser(someone.user);
    await refused(all(someone.client.listChatThreads()), 401);
    const error = await identities.getToken(someone.user, ["chat"]).catch((error) => error);
    assert.ok([403, 404].includes(error.statusCode), String(error));
  });

  report.part("threads");
  const alice = await person(identities, endpoint);
  const bob = await person(identities, endpoint);
  const carol = await person(identities, endpoint);
  let thread;
  let threadId;
  await check("a thread is created with participants, metadata and a retention policy", async () => {
    const { chatThread, invalidParticipants } = await alice.client.createChatThread(
      { topic: "Design review" },
      {
        participants: [participant(alice, "Alice"), participant(bob, "Bob")],
        metadata: { kind: "review" },
        retentionPolicy: { kind: "threadCreationDate", deleteThreadAfterDays: 60 },
      },
    );
    assert.ok(!invalidParticipants?.length);
    assert.match(chatThread.id, /^19:.+@thread\.v2$/);
    assert.equal(chatThread.topic, "Design review");
    assert.equal(chatThread.createdBy.communicationUserId, alice.id);
    assert.ok(chatThread.createdOn instanceof Date);
    assert.deepEqual(chatThread.metadata, { kind: "review" });
    assert.deepEqual(chatThread.retentionPolicy, { kind: "threadCreationDate", deleteThreadAfterDays: 60 });
    threadId = chatThread.id;
    thread = alice.client.getChatThreadClient(threadId);
  });
  await check("an invalid participant is named and does not stop the thread", async () => {
    const { chatThread, invalidParticipants } = await alice.client.createChatThread(
      { topic: "Partly" },
      { participants: [{ id: { communicationUserId: alice.id.replace(/_.*/, "_nobody") } }] },
    );
    assert.ok(chatThread.id);
    assert.equal(invalidParticipants?.length, 1);
  });
  await check("the same idempotency token gives the same thread", async () => {
    const idempotencyToken = randomUUID();
    const one = await alice.client.createChatThread({ topic: "Once" }, { idempotencyToken });
    const two = await alice.client.createChatThread({ topic: "Once" }, { idempotencyToken });
    assert.equal(one.chatThread.id, two.chatThread.id);
  });
  await check("the properties are read back", async () => {
    const read = await bob.client.getChatThreadClient(threadId).getProperties();
    assert.equal(read.topic, "Design review");
    assert.equal(read.createdBy.communicationUserId, alice.id);
    assert.equal(read.retentionPolicy.deleteThreadAfterDays, 60);
  });
  await check("the topic is changed", async () => {
    await thread.updateTopic("Design review, part 2");
    assert.equal((await thread.getProperties()).topic, "Design review, part 2");
  });
  await check("metadata is merged and the retention policy removed", async () => {
    await thread.updateProperties({ metadata: { room: "4" }, retentionPolicy: { kind: "none" } });
    const read = await thread.getProperties();
    assert.deepEqual(read.metadata, { kind: "review", room: "4" });
    assert.ok(!read.retentionPolicy || read.retentionPolicy.kind === "none");
  });
  await check("threads are listed page by page, the newest activity first", async () => {
    for (let n = 0; n < 5; n += 1) await carol.client.createChatThread({ topic: `Listed ${n}` });
    const pages = [];
    for await (const page of carol.client.listChatThreads({ maxPageSize: 2 }).byPage()) pages.push(page);
    assert.ok(pages.every((page) => page.length <= 2) && pages.length >= 3, JSON.stringify(pages));
    const topics = pages.flat().map((item) => item.topic);
    assert.deepEqual([...topics].sort(), ["Listed 0", "Listed 1", "Listed 2", "Listed 3", "Listed 4"]);
    assert.equal((await all(carol.client.listChatThreads({ startTime: new Date(Date.now() + 60e3) }))).length, 0);
  });

  report.part("messages");
  let plain;
  let rich;
  await check("the history of a new thread opens with its participants and its topic", async () => {
    const opening = (await all(thread.listMessages())).reverse();
    assert.deepEqual(opening.slice(0, 2).map((message) => message.type), ["participantAdded", "topicUpdated"]);
    assert.deepEqual(opening.slice(0, 2).map((message) => message.sequenceId), ["1", "2"]);
    assert.equal(opening[0].content.participants.length, 2);
    assert.equal(opening[0].content.initiator.communicationUserId, alice.id);
    assert.equal(opening[1].content.topic, "Design review");
  });
  await check("a text with metadata is sent and read back", async () => {
    const text = "Grüße, 世界 👩‍👩‍👧 <b>not html</b> & more";
    plain = (await thread.sendMessage({ content: text }, { senderDisplayName: "Alice", metadata: { clientMessageId: "c-1" } })).id;
    assert.match(plain, /^\d{13,}$/);
    const read = await bob.client.getChatThreadClient(threadId).getMessage(plain);
    assert.equal(read.type, "text");
    assert.equal(read.content.message, text);
    assert.equal(read.senderDisplayName, "Alice");
    assert.equal(read.sender.communicationUserId, alice.id);
    assert.deepEqual(read.metadata, { clientMessageId: "c-1" });
    assert.equal(read.version, plain);
    assert.ok(read.createdOn instanceof Date && !read.editedOn && !read.deletedOn);
  });
  await check("html is sent and read back as html", async () => {
    const html = "<p>Hello <strong>all</strong></p>";
    rich = (await thread.sendMessage({ content: html }, { type: "html" })).id;
    const read = await thread.getMessage(rich);
    assert.equal(read.type, "html");
    assert.equal(read.content.message, html);
    assert.equal(read.senderDisplayName ?? "", "");
  });
  await check("an edit keeps id, order and time, and gets a new version", async () => {
    const before = await thread.getMessage(plain);
    await thread.updateMessage(plain, { content: "edited", metadata: { clientMessageId: "c-1", edited: "yes" } });
    const after = await thread.getMessage(plain);
    assert.equal(after.content.message, "edited");
    assert.equal(after.metadata.edited, "yes");
    assert.equal(after.sequenceId, before.sequenceId);
    assert.equal(after.createdOn.getTime(), before.createdOn.getTime());
    assert.ok(after.editedOn instanceof Date);
    assert.ok(BigInt(after.version) > BigInt(before.version));
  });
  await check("a deleted message stays in the list without its content", async () => {
    const { id } = await thread.sendMessage({ content: "a mistake" });
    await thread.deleteMessage(id);
    const listed = (await all(thread.listMessages())).find((message) => message.id === id);
    assert.ok(listed.deletedOn instanceof Date);
    assert.ok(!listed.content?.message);
  });
  await check("nobody edits or deletes another's message", async () => {
    const his = bob.client.getChatThreadClient(threadId);
    await refused(his.updateMessage(rich, { content: "mine now" }), 403, "Forbidden");
    await refused(his.deleteMessage(rich), 403, "Forbidden");
  });
  await check("messages are listed newest first, page by page, each once", async () => {
    for (let n = 0; n < 23; n += 1) await thread.sendMessage({ content: `page ${n}` });
    const pages = [];
    for await (const page of thread.listMessages({ maxPageSize: 10 }).byPage()) pages.push(page);
    assert.ok(pages.length >= 3 && pages.every((page) => page.length <= 10));
    const order = pages.flat().map((message) => Number(message.sequenceId));
    assert.deepEqual(order, order.map((_, n) => order[0] - n), "sequence ids fall by one");
    assert.equal(order.at(-1), 1);
  });
  await check("a start time leaves out what was before it", async () => {
    const middle = (await all(thread.listMessages()))[5];
    const later = await all(thread.listMessages({ startTime: middle.createdOn }));
    assert.ok(later.length < 29 && later.some((message) => message.id === middle.id));
    assert.ok(later.every((message) => message.createdOn >= middle.createdOn));
  });
  await check("messages sent at the same moment have their own, increasing ids", async () => {
    const sent = await Promise.all(Array.from({ length: 20 }, (_, n) => thread.sendMessage({ content: `at once ${n}` })));
    assert.equal(new Set(sent.map(({ id }) => id)).size, 20);
    const listed = (await all(thread.listMessages())).slice(0, 20).map(({ id }) => BigInt(id));
    assert.ok(listed.every((id, n) => n === 0 || id < listed[n - 1]));
  });

  report.part("typing and read receipts");
  await check("typing is accepted, and held back by the client for eight seconds", async () => {
    assert.equal(await thread.sendTypingNotification({ senderDisplayName: "Alice" }), true);
    assert.equal(await thread.sendTypingNotification(), false);
  });
  await check("the list of read receipts has the newest of each person", async () => {
    const his = bob.client.getChatThreadClient(threadId);
    await his.sendReadReceipt({ chatMessageId: plain });
    await his.sendReadReceipt({ chatMessageId: rich });
    await thread.sendReadReceipt({ chatMessageId: rich });
    const listed = await all(thread.listReadReceipts());
    assert.equal(listed.length, 2);
    const bobs = listed.find((receipt) => receipt.sender.communicationUserId === bob.id);
    assert.equal(bobs.chatMessageId, rich);
    assert.ok(bobs.readOn instanceof Date);
  });
  await check("read receipts are listed page by page", async () => {
    const pages = [];
    for await (const page of thread.listReadReceipts({ maxPageSize: 1 }).byPage()) pages.push(page);
    assert.deepEqual(pages.filter((page) => page.length > 0).map((page) => page.length), [1, 1]);
  });

  report.part("participants");
  await check("participants are added with their history and metadata, and listed page by page", async () => {
    const shareHistoryTime = new Date("2026-01-02T03:04:05Z");
    const { invalidParticipants } = await thread.addParticipants({ participants: [participant(carol, "Carol", { shareHistoryTime, metadata: { role: "guest" } })] });
    assert.ok(!invalidParticipants?.length);
    const pages = [];
    for await (const page of thread.listParticipants({ maxPageSize: 2 }).byPage()) pages.push(page);
    const listed = pages.flat();
    assert.ok(pages.every((page) => page.length <= 2));
    assert.deepEqual(listed.map(({ displayName }) => displayName).sort(), ["Alice", "Bob", "Carol"]);
    const added = listed.find(({ id }) => id.communicationUserId === carol.id);
    assert.equal(added.shareHistoryTime.getTime(), shareHistoryTime.getTime());
    assert.deepEqual(added.metadata, { role: "guest" });
    assert.equal((await all(thread.listMessages()))[0].type, "participantAdded");
  });
  await check("adding somebody who is there already changes nothing", async () => {
    await thread.addParticipants({ participants: [participant(carol, "Carol")] });
    assert.equal((await all(thread.listParticipants())).length, 3);
  });
  await check("a removed participant has no access any more", async () => {
    await thread.removeParticipant({ communicationUserId: carol.id });
    const hers = carol.client.getChatThreadClient(threadId);
    await refused(hers.sendMessage({ content: "still here?" }), 403, "Forbidden");
    await refused(all(hers.listMessages()), 403, "Forbidden");
    assert.equal((await all(thread.listMessages()))[0].type, "participantRemoved");
  });
  await check("a participant leaves by removing himself", async () => {
    await bob.client.getChatThreadClient(threadId).removeParticipant({ communicationUserId: bob.id });
    assert.deepEqual((await all(thread.listParticipants())).map(({ id }) => id.communicationUserId), [alice.id]);
  });

  report.part("scopes");
  await check("chat.join sends and lists, and creates no thread", async () => {
    const guest = await person(identities, endpoint, ["chat.join"]);
    await thread.addParticipants({ participants: [participant(guest, "Guest")] });
    const theirs = guest.client.getChatThreadClient(threadId);
    await theirs.sendMessage({ content: "hello" });
    await refused(guest.client.createChatThread({ topic: "no" }), 403);
    await refused(theirs.updateTopic("no"), 403);
    await theirs.addParticipants({ participants: [participant(bob, "Bob")] });
  });
  await check("chat.join.limited adds nobody", async () => {
    const guest = await person(identities, endpoint, ["chat.join.limited"]);
    await thread.addParticipants({ participants: [participant(guest, "Limited")] });
    const theirs = guest.client.getChatThreadClient(threadId);
    await theirs.sendMessage({ content: "hello" });
    await refused(theirs.addParticipants({ participants: [participant(carol, "Carol")] }), 403);
  });
  await check("a token for calls alone opens no chat", async () => {
    const caller = await person(identities, endpoint, ["voip"]);
    await refused(all(caller.client.listChatThreads()), 403);
  });

  report.part("errors");
  await check("an unknown thread is not found", () => refused(alice.client.getChatThreadClient(threadId.replace(/^19:..../, "19:0000")).getProperties(), 404, "NotFound"));
  await check("a malformed message id is a bad request", () => refused(thread.getMessage("x"), 400, "BadRequest"));
  await check("an unknown message is not found", () => refused(thread.getMessage("1"), 404, "NotFound"));
  await check("a token that nobody issued is refused", () => {
    const forged = alice.token.replace(/\.[^.]*$/, `.${Buffer.from("forged").toString("base64url")}`);
    return refused(all(chatClient(endpoint, forged).listChatThreads()), 401, "Unauthorized");
  });
  await check("the client waits as long as 429 asks for, and its message arrives once", async () => {
    await control.refuse(429, { retryAfter: 1 });
    const start = performance.now();
    const { id } = await thread.sendMessage({ content: "after the limit" });
    assert.ok(performance.now() - start > 900, "it did not wait");
    assert.equal((await all(thread.listMessages())).filter((message) => message.content?.message === "after the limit").length, 1);
    assert.ok(id);
  });
  await check("the client tries again after 503", async () => {
    await control.refuse(503, { times: 2 });
    await thread.sendMessage({ content: "after the overload" });
    assert.equal((await all(thread.listMessages())).filter((message) => message.content?.message === "after the overload").length, 1);
  });

  report.part("the end of a thread");
  await check("a deleted thread is listed with its date and cannot be written to", async () => {
    const { chatThread } = await alice.client.createChatThread({ topic: "Short" });
    await alice.client.deleteChatThread(chatThread.id);
    const error = await alice.client
      .getChatThreadClient(chatThread.id)
      .sendMessage({ content: "anyone?" })
      .catch((error) => error);
    assert.ok([403, 404].includes(error.statusCode), String(error));
    const listed = (await all(alice.client.listChatThreads())).find(({ id }) => id === chatThread.id);
    assert.ok(listed.deletedOn instanceof Date);
  });
}
