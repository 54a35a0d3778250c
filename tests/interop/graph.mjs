// The Graph SDK reads and writes the chats of a Teams user whom MSAL signed in.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { BatchRequestContent, BatchResponseContent, Client, GraphError, PageIterator } from "@microsoft/microsoft-graph-client";
import { application, claims, inBrowser } from "./entra.mjs";
import { Sidetone } from "./sidetone.mjs";

const BOB = "bob@sidetone.example";
const permission = (name) => `https://graph.microsoft.com/${name}`;
const EVERYTHING = [
  "User.Read", "Chat.ReadWrite", "Chat.Read", "Chat.Create", "ChatMessage.Send", "ChatMember.ReadWrite", "OnlineMeetings.Read", "People.Read",
  "Presence.ReadWrite", "Presence.Read.All", "Team.ReadBasic.All", "Channel.ReadBasic.All", "ChannelMessage.Read.All", "ChannelMessage.Send",
  "Files.ReadWrite",
].map(permission);

// The SDK as it comes, told in its own settings where Graph is.
async function signedIn(ready, who, scopes = EVERYTHING) {
  const own = application(ready);
  const { account, accessToken } = await inBrowser(own, scopes, who);
  const { host, hostname } = new URL(ready.endpoint);
  const client = Client.init({
    baseUrl: `https://${host}/`,
    customHosts: new Set([hostname]),
    authProvider: (done) => own.acquireTokenSilent({ scopes, account }).then(({ accessToken }) => done(null, accessToken), (error) => done(error, null)),
  });
  return { client, accessToken, oid: claims(accessToken).oid, tenantId: ready.entra.tenant };
}

async function refused(promise, status, code) {
  const error = await promise.then(
    () => assert.fail(`was not refused with ${status}`),
    (error) => error,
  );
  assert.ok(error instanceof GraphError, `${error.name}: ${error.message}`);
  assert.equal(error.statusCode, status, error.message);
  if (code) assert.equal(error.code, code, error.message);
  assert.ok(error.requestId, "it says by which id the request is found again");
  return error;
}

// Every page that follows, by the links as they are.
async function following(client, first) {
  const items = [];
  const pages = new PageIterator(client, first, (item) => items.push(item) > 0);
  await pages.iterate();
  return items;
}

const member = (user, roles = ["owner"]) => ({
  "@odata.type": "#microsoft.graph.aadUserConversationMember",
  roles,
  "user@odata.bind": `https://graph.microsoft.com/v1.0/users('${user}')`,
});

export async function graph(report, ready, control) {
  const check = (name, body, seconds) => report.check(name, body, seconds);
  await control.post("/graph/plant", {});
  const ada = await signedIn(ready, "ada@sidetone.example");
  const bob = await signedIn(ready, BOB);
  const me = ada.client;

  report.part("Graph: chats");
  await check("who is signed in is told who they are", async () => {
    const self = await me.api("/me").get();
    assert.deepEqual([self.id, self.displayName, self.userPrincipalName], [ada.oid, "Ada Quist", "ada@sidetone.example"]);
  });
  let group;
  await check("chats are listed with members and the last message, the newest first", async () => {
    const { value } = await me.api("/me/chats").expand("lastMessagePreview,members").top(50).orderby("lastMessagePreview/createdDateTime desc").get();
    const times = value.filter((chat) => chat.lastMessagePreview).map((chat) => chat.lastMessagePreview.createdDateTime);
    assert.ok(times.length >= 2);
    assert.deepEqual(times, [...times].sort().reverse());
    group = value.find((chat) => chat.topic === "Release notes");
    assert.equal(group.chatType, "group");
    assert.equal(group.members.length, 4);
    assert.match(group.lastMessagePreview.body.content, /I will read it/);
    assert.ok(value.some((chat) => chat.chatType === "oneOnOne" && chat.id.endsWith("@unq.gbl.spaces")));
  });
  await check("a list is filtered, and a page that is too large refused", async () => {
    const { value } = await me.api("/me/chats").filter("chatType eq 'oneOnOne'").get();
    assert.ok(value.length > 0 && value.every((chat) => chat.chatType === "oneOnOne"));
    await refused(me.api("/me/chats").top(51).get(), 400, "BadRequest");
  });
  await check("a chat of two is made, and is the same one the second time", async () => {
    const asked = { chatType: "oneOnOne", members: [member(ada.oid), member("farid@sidetone.example")] };
    const one = await me.api("/chats").post(asked);
    const two = await me.api("/chats").post(asked);
    assert.equal(one.id, two.id);
    await refused(me.api("/chats").post({ ...asked, members: asked.members.slice(0, 1) }), 400);
  });
  let made;
  await check("a group is made, read and renamed", async () => {
    made = await me.api("/chats").post({ chatType: "group", topic: "Made here", members: [member(ada.oid), member(BOB)] });
    assert.equal((await me.api(`/chats/${made.id}`).get()).topic, "Made here");
    assert.equal((await me.api(`/chats/${made.id}`).patch({ topic: "Named anew" })).topic, "Named anew");
    assert.equal((await bob.client.api(`/chats/${encodeURIComponent(made.id)}`).get()).topic, "Named anew");
  });
  await check("people are added with all of the history, listed and removed", async () => {
    const added = await me.api(`/chats/${made.id}/members`).post({ ...member("carol@sidetone.example"), visibleHistoryStartDateTime: "0001-01-01T00:00:00Z" });
    assert.equal(added.displayName, "Carol Osei");
    const names = async () => (await me.api(`/chats/${made.id}/members`).get()).value.map((who) => who.displayName).sort();
    assert.deepEqual(await names(), ["Ada Quist", "Bob Lindqvist", "Carol Osei"]);
    await me.api(`/chats/${made.id}/members/${added.id}`).delete();
    assert.deepEqual(await names(), ["Ada Quist", "Bob Lindqvist"]);
  });
  await check("who is not in a chat does not find it", async () => {
    const farid = await signedIn(ready, "farid@sidetone.example");
    await refused(farid.client.api(`/chats/${made.id}`).get(), 404, "NotFound");
    await refused(farid.client.api(`/chats/${made.id}/messages`).get(), 404, "NotFound");
  });

  report.part("Graph: messages");
  const messages = () => me.api(`/chats/${made.id}/messages`);
  const message = (id) => me.api(`/chats/${made.id}/messages/${id}`);
  let sent;
  await check("a text and a message with a mention and importance are sent and read by the other", async () => {
    sent = await messages().post({ body: { content: "Grüße <b>as text</b> & more" } });
    const read = await bob.client.api(`/chats/${made.id}/messages/${sent.id}`).get();
    assert.deepEqual([read.body.contentType, read.body.content, read.from.user.id], ["text", "Grüße <b>as text</b> & more", ada.oid]);
    const mentions = [{ id: 0, mentionText: "Bob", mentioned: { user: { id: bob.oid, displayName: "Bob Lindqvist", userIdentityType: "aadUser" } } }];
    const rich = await messages().post({ importance: "high", mentions, body: { contentType: "html", content: '<p>Hi <at id="0">Bob</at></p>' } });
    assert.deepEqual([rich.importance, rich.mentions[0].mentioned.user.id, rich.body.contentType], ["high", bob.oid, "html"]);
  });
  await check("an answer quotes what it answers", async () => {
    const answer = await bob.client.api(`/chats/${made.id}/messages/replyWithQuote`).post({ messageIds: [sent.id], replyMessage: { body: { content: "Yes & no", contentType: "text" } } });
    const [quote] = answer.attachments;
    assert.equal(quote.contentType, "messageReference");
    assert.equal(JSON.parse(quote.content).messageId, sent.id);
    assert.ok(answer.body.content.includes(`<attachment id="${quote.id}">`) && answer.body.content.includes("Yes &amp; no"), answer.body.content);
  });
  await check("a message is changed by who wrote it, and by nobody else", async () => {
    await message(sent.id).patch({ body: { content: "changed" } });
    const read = await message(sent.id).get();
    assert.equal(read.body.content, "changed");
    assert.ok(read.lastEditedDateTime && read.lastModifiedDateTime > read.createdDateTime);
    await refused(bob.client.api(`/chats/${made.id}/messages/${sent.id}`).patch({ body: { content: "his now" } }), 403);
  });
  await check("a message is taken back and put back", async () => {
    const own = (act) => me.api(`/users/${ada.oid}/chats/${made.id}/messages/${sent.id}/${act}`).post({});
    await own("softDelete");
    const gone = await message(sent.id).get();
    assert.ok(gone.deletedDateTime);
    assert.equal(gone.body.content, "");
    await own("undoSoftDelete");
    const back = await message(sent.id).get();
    assert.deepEqual([back.deletedDateTime ?? null, back.body.content], [null, "changed"]);
  });
  await check("a reaction is set and taken away", async () => {
    await message(`${sent.id}/setReaction`).post({ reactionType: "💘" });
    const [reaction] = (await message(sent.id).get()).reactions;
    assert.deepEqual([reaction.reactionType, reaction.user.user.id], ["💘", ada.oid]);
    await message(`${sent.id}/unsetReaction`).post({ reactionType: "💘" });
    assert.deepEqual((await message(sent.id).get()).reactions, []);
  });
  await check("a picture is sent, listed and read back byte for byte", async () => {
    const bytes = Buffer.from("89504e470d0a1a0a00010203fffe", "hex");
    const { id } = await messages().post({
      body: { contentType: "html", content: '<p>see <img src="../hostedContents/1/$value" alt="a dot"></p>' },
      hostedContents: [{ "@microsoft.graph.temporaryId": "1", contentBytes: bytes.toString("base64"), contentType: "image/png" }],
    });
    const { value } = await message(`${id}/hostedContents`).get();
    assert.equal(value.length, 1);
    assert.ok(!value[0].contentBytes, "never in the list");
    const read = await message(`${id}/hostedContents/${value[0].id}/$value`).responseType("arraybuffer").get();
    assert.deepEqual(Buffer.from(read), bytes);
  });
  await check("pages follow one another by their links until nothing is left, each message once", async () => {
    for (let n = 0; n < 13; n += 1) await messages().post({ body: { content: `page ${n}` } });
    const first = await messages().top(5).get();
    assert.equal(first.value.length, 5);
    assert.match(first["@odata.nextLink"], /skiptoken/i);
    const all = await following(me, first);
    const words = all.map(({ body }) => body.content).filter((text) => /^page \d+$/.test(text));
    assert.deepEqual([...words].sort(), Array.from({ length: 13 }, (_, n) => `page ${n}`).sort());
    assert.equal(new Set(all.map(({ id }) => id)).size, all.length);
    const whole = await messages().top(50).get();
    assert.equal(all.length, whole.value.length);
  });
  await check("a filter counts with its own order only", async () => {
    const { createdDateTime } = await message(sent.id).get();
    const since = (order) => messages().top(50).orderby(order).filter(`lastModifiedDateTime gt ${createdDateTime}`).get();
    const heeded = (await since("lastModifiedDateTime desc")).value;
    assert.ok(heeded.length > 0 && heeded.every((m) => m.lastModifiedDateTime > createdDateTime));
    const ignored = (await since("createdDateTime desc")).value;
    assert.ok(ignored.some((m) => m.lastModifiedDateTime <= createdDateTime), "the trap is there");
    await refused(messages().orderby("createdDateTime asc").get(), 400);
  });
  await check("a system message has its own name only for who asks for new names", async () => {
    const plain = (await messages().top(50).get()).value.map(({ messageType }) => messageType);
    const asked = (await messages().top(50).header("Prefer", "include-unknown-enum-members").get()).value.map(({ messageType }) => messageType);
    assert.ok(plain.includes("unknownFutureValue") && !plain.includes("systemEventMessage"), String(plain));
    assert.ok(asked.includes("systemEventMessage") && !asked.includes("unknownFutureValue"), String(asked));
  });
  await check("a chat is marked unread and read, for oneself alone", async () => {
    const user = { id: ada.oid, tenantId: ada.tenantId };
    const state = async ({ client }) => (await client.api(`/chats/${made.id}`).get()).viewpoint?.lastMessageReadDateTime;
    await me.api(`/chats/${made.id}/markChatReadForUser`).post({ user });
    const [read, his] = [await state(ada), await state(bob)];
    await me.api(`/chats/${made.id}/markChatUnreadForUser`).post({ user, lastMessageReadDateTime: "2026-01-02T03:04:05Z" });
    assert.equal(Date.parse(await state(ada)), Date.parse("2026-01-02T03:04:05Z"));
    assert.ok(Date.parse(read) > Date.parse("2026-01-02T03:04:05Z"));
    assert.equal(await state(bob), his);
    await refused(me.api(`/chats/${made.id}/markChatReadForUser`).post({ user: { ...user, id: bob.oid } }), 403);
    await me.api(`/chats/${made.id}/hideForUser`).post({ user });
    assert.equal((await me.api(`/chats/${made.id}`).get()).viewpoint.isHidden, true);
    await me.api(`/chats/${made.id}/unhideForUser`).post({ user });
    assert.equal((await me.api(`/chats/${made.id}`).get()).viewpoint.isHidden, false);
  });

  report.part("Graph: files");
  const readers = await Promise.all([BOB, "farid@sidetone.example"].map((who) => signedIn(ready, who, [permission("Files.Read.All")])));
  const reads = ({ parentReference, id }) =>
    Promise.all(readers.map(({ client }) => client.api(`/drives/${parentReference.driveId}/items/${id}`).get().then(({ name }) => name, ({ statusCode }) => statusCode)));
  const guid = ({ eTag }) => /\{(.+)\}/.exec(eTag)[1];
  // Reference attachments of the newest message that has some.
  const shown = async ({ client }) => (await client.api(`/chats/${made.id}/messages`).top(50).get()).value.find(({ attachments }) => attachments.some(({ contentType }) => contentType === "reference"));
  let item;
  await check("the SDK puts a file into the drive, twice, and learns where it lies", async () => {
    const put = () => me.api("/me/drive/root:/Microsoft Teams Chat Files/plan %231.ods:/content").query("@microsoft.graph.conflictBehavior=rename").put(Buffer.from("a plan"));
    const first = await put().catch((error) => assert.fail(`${error.statusCode} ${error.message}`));
    assert.deepEqual([first.name, first.size], ["plan #1.ods", 6]);
    assert.equal((await put()).name, "plan #1 1.ods");
    item = await me.api(`/me/drive/items/${first.id}`).select(["id", "name", "eTag", "webDavUrl", "parentReference"]).get();
    assert.match(item.webDavUrl, /^https:.+\/Microsoft%20Teams%20Chat%20Files\/plan%20%231\.ods$/);
    assert.deepEqual(await reads(item), [404, 404]);
  });
  await check("who is invited reads it, and one who is not known fails the whole invitation", async () => {
    const invite = (recipients) => me.api(`/me/drive/items/${item.id}/invite`).post({ recipients, requireSignIn: true, sendInvitation: false, roles: ["read"] });
    await refused(invite([{ objectId: bob.oid }, { email: "zoe@elsewhere.example" }]), 400, "invalidRequest");
    assert.deepEqual(await reads(item), [404, 404]);
    const { value } = await invite([{ objectId: bob.oid }]);
    assert.deepEqual([value[0].roles, value[0].grantedToV2.user.id], [["read"], bob.oid]);
    assert.deepEqual(await reads(item), ["plan #1.ods", 404]);
  });
  await check("the file is sent in a message and read by the other; one that is in no drive is refused", async () => {
    const send = (id, contentUrl) =>
      messages().post({
        body: { contentType: "html", content: `the plan <attachment id="${id}"></attachment>` },
        attachments: [{ id, contentType: "reference", contentUrl, name: item.name }],
      });
    await send(guid(item), item.webDavUrl);
    const [file] = (await shown(bob)).attachments;
    assert.deepEqual([file.id, file.contentUrl, file.name], [guid(item), item.webDavUrl, item.name]);
    await refused(send("6d3c2a4e-0000-4000-8000-0123456789ab", item.webDavUrl), 400, "BadRequest");
    await refused(send(guid(item), "https://contoso.example/plan.ods"), 400, "BadRequest");
  });
  await check("without leave for files nothing is put there", async () => {
    const writer = await signedIn(ready, "ada@sidetone.example", [permission("Chat.ReadWrite")]);
    await refused(writer.client.api("/me/drive/root:/no.txt:/content").put(Buffer.from("no")), 403, "Forbidden");
  });
  await check("sidetone shows the SDK's file, and the SDK reads what sidetone sent", async () => {
    const sidetone = await Sidetone.chats({ endpoint: ready.endpoint, token: ada.accessToken, ca: ready.caFile, name: "Ada at work" });
    try {
      await sidetone.line("As of");
      sidetone.type("/thread Named anew\r");
      await sidetone.line("Joined Named anew");
      sidetone.type("/files\r");
      await sidetone.line("plan #1.ods, a file from you");
      const path = join(process.env.WORK, "from sidetone.txt");
      writeFileSync(path, "written in a terminal");
      sidetone.type(`/attach ${path}\r`);
      await sidetone.line("Sent from sidetone.txt, 21 bytes, to Named anew.");
    } finally {
      await sidetone.quit();
    }
    const [file] = (await shown(bob)).attachments;
    assert.equal(file.name, "from sidetone.txt");
    const found = await me.api("/me/drive/root:/Microsoft Teams Chat Files/from sidetone.txt").select(["id", "name", "eTag", "webDavUrl", "parentReference", "size"]).get();
    assert.deepEqual([found.size, guid(found), found.webDavUrl], [21, file.id, file.contentUrl]);
    assert.deepEqual(await reads(found), ["from sidetone.txt", 404]);
  }, 40);

  report.part("Graph: people, presence, search, teams, meetings");
  await check("people are found by the beginning of a name", async () => {
    const { value } = await me.api("/me/people").search('"far"').get();
    assert.deepEqual(value.map((who) => who.displayName), ["Farid Haddad"]);
  });
  await check("presence is chosen, seen by others and given up again", async () => {
    const own = (act, body) => me.api(`/users/${ada.oid}/presence/${act}`).post(body);
    const seen = async () => {
      const { value } = await bob.client.api("/communications/getPresencesByUserId").post({ ids: [ada.oid] });
      return value[0].availability;
    };
    await own("setUserPreferredPresence", { availability: "DoNotDisturb", activity: "DoNotDisturb" });
    assert.equal(await seen(), "DoNotDisturb");
    assert.equal((await me.api("/me/presence").get()).availability, "DoNotDisturb");
    await own("clearUserPreferredPresence", {});
    assert.equal(await seen(), "Available");
    await refused(bob.client.api(`/users/${ada.oid}/presence/clearUserPreferredPresence`).post({}), 403);
  });
  const search = (client, queryString, from = 0, size = 25) =>
    client.api("/search/query").post({ requests: [{ entityTypes: ["chatMessage"], query: { queryString }, from, size }] });
  await check("words are found in all chats, marked, page by page", async () => {
    const [{ hitsContainers: [found] }] = (await search(me, "draft from:carol")).value;
    assert.equal(found.hits.length, 1);
    assert.match(found.hits[0].summary, /<c0>draft<\/c0>/i);
    assert.equal(found.hits[0].resource.chatId, group.id);
    const first = (await search(me, "page", 0, 4)).value[0].hitsContainers[0];
    assert.deepEqual([first.hits.length, first.moreResultsAvailable], [4, true]);
    const last = (await search(me, "page", 12, 4)).value[0].hitsContainers[0];
    assert.deepEqual([last.hits.length, last.moreResultsAvailable], [1, false]);
  });
  await check("teams and channels are listed, read, posted to and answered in", async () => {
    const team = (await me.api("/me/joinedTeams").get()).value.find(({ displayName }) => displayName === "Audio");
    const channels = (await me.api(`/teams/${team.id}/channels`).get()).value;
    const general = channels.find(({ displayName }) => displayName === "General");
    const posts = `/teams/${team.id}/channels/${general.id}/messages`;
    const post = await me.api(posts).post({ body: { content: "a new post" } });
    const reply = await bob.client.api(`${posts}/${post.id}/replies`).post({ body: { content: "thanks" } });
    assert.equal(reply.replyToId, post.id);
    assert.deepEqual((await me.api(`${posts}/${post.id}/replies`).get()).value.map(({ body }) => body.content), ["thanks"]);
    const listed = (await me.api(posts).get()).value.map(({ body }) => body.content);
    assert.ok(listed.includes("a new post") && !listed.includes("thanks"), String(listed));
  });
  await check("a meeting is found by its link, by who is invited", async () => {
    const { threadId, link } = ready.meeting;
    await control.post("/graph/invite", { meeting: threadId, name: "Ada Quist" });
    const find = (client) => client.api("/me/onlineMeetings").filter(`JoinWebUrl eq '${encodeURIComponent(link)}'`).get();
    const [found] = (await find(me)).value;
    assert.deepEqual([found.chatInfo.threadId, found.joinWebUrl], [threadId, link]);
    assert.deepEqual((await find(bob.client)).value, []);
  });

  report.part("Graph: several requests in one");
  const batch = async (client, steps) => {
    const content = new BatchRequestContent(steps.map(([id, path, options = {}, dependsOn]) => ({
      id: String(id),
      request: new Request(`https://graph.microsoft.com${path}`, options),
      ...(dependsOn && { dependsOn }),
    })));
    return new BatchResponseContent(await client.api("/$batch").post(await content.getContent()));
  };
  await check("the SDK's batch reads chats, people and teams at once, each answered for itself", async () => {
    const answers = await batch(me, [
      [1, "/me/chats?$top=2"], [2, `/chats/${encodeURIComponent(made.id)}/members`], [3, "/me/joinedTeams"], [4, "/chats/19%3Anobody%40thread.v2"],
    ]);
    const of = (id) => answers.getResponseById(String(id));
    const [{ value: some }, { value: members }, { value: teams }] = [await of(1).json(), await of(2).json(), await of(3).json()];
    assert.equal(some.length, 2);
    assert.deepEqual(members.map((who) => who.displayName).sort(), ["Ada Quist", "Bob Lindqvist"]);
    assert.ok(teams.some(({ displayName }) => displayName === "Audio"));
    assert.equal(of(4).status, 404);
  });
  await check("what is written in a batch waits for what it depends on, and is left out where that failed", async () => {
    const post = (content) => ({ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ body: { content } }) });
    const to = (id) => `/chats/${encodeURIComponent(id)}/messages`;
    const both = async (chat, first, second) => {
      const answers = await batch(me, [[1, to(chat), post(first)], [2, to(made.id), post(second), ["1"]]]);
      return [1, 2].map((id) => answers.getResponseById(String(id)).status);
    };
    assert.deepEqual(await both(made.id, "batched one", "batched two"), [201, 201]);
    assert.deepEqual(await both("19:nobody@thread.v2", "nowhere", "never"), [404, 424]);
    const words = (await messages().top(5).get()).value.map(({ body }) => body.content);
    assert.ok(words.includes("batched one") && words.includes("batched two") && !words.includes("never"), String(words));
  });
  await check("permissions, limits and the number of steps hold in a batch too", async () => {
    const reader = await signedIn(ready, "ada@sidetone.example", [permission("Chat.Read")]);
    const answers = await batch(reader.client, [[1, `/chats/${encodeURIComponent(made.id)}/messages?$top=1`], [2, "/me/presence"]]);
    assert.deepEqual([1, 2].map((id) => answers.getResponseById(String(id)).status), [200, 403]);
    await control.refuse(429, { retryAfter: 3, times: 1, of: "graphRead" });
    const limited = await batch(me, [[1, "/me/presence"], [2, "/me"]]);
    assert.deepEqual([1, 2].map((id) => limited.getResponseById(String(id)).status).sort(), [200, 429]);
    const requests = Array.from({ length: 21 }, (_, n) => ({ id: String(n), method: "GET", url: "/me" }));
    await refused(me.api("/$batch").post({ requests }), 400, "BadRequest");
  });

  report.part("Graph: limits and refusals");
  const throttled = (status, retryAfter, times) => control.refuse(status, { retryAfter, times, of: "graphRead" });
  await check("a wait that is asked for is kept by the SDK, and the answer comes after it", async () => {
    await throttled(429, 2, 1);
    const before = performance.now();
    await me.api("/me").get();
    const waited = performance.now() - before;
    assert.ok(waited >= 1950 && waited < 4500, `waited ${Math.round(waited)} ms`);
  });
  await check("a wait that never ends is told as one", async () => {
    await throttled(429, 1, 4);
    const error = await refused(me.api("/me").get(), 429, "TooManyRequests");
    assert.equal(error.headers?.get("retry-after"), "1");
    await me.api("/me").get();
  }, 40);
  await check("who has no permission for it is told so", async () => {
    const reader = await signedIn(ready, "ada@sidetone.example", [permission("Chat.Read")]);
    await reader.client.api(`/chats/${made.id}/messages`).get();
    await refused(reader.client.api(`/chats/${made.id}/messages`).post({ body: { content: "no" } }), 403, "Forbidden");
    await refused(reader.client.api("/me").get(), 403, "Forbidden");
  });
  await check("without a good token nothing is said", async () => {
    const { host, hostname } = new URL(ready.endpoint);
    const stranger = Client.init({ baseUrl: `https://${host}/`, customHosts: new Set([hostname]), authProvider: (done) => done(null, "eyJ.e30.x") });
    await refused(stranger.api("/me").get(), 401, "InvalidAuthenticationToken");
  });
  await check("an id of the caller's own comes back where that is asked for", async () => {
    const id = "6d3c2a4e-0000-4000-8000-0123456789ab";
    const raw = await me.api("/me").header("client-request-id", id).header("return-client-request-id", "true").responseType("raw").get();
    assert.equal(raw.headers.get("client-request-id"), id);
    assert.ok(raw.headers.get("request-id"));
  });
}
