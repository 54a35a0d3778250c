// The token of a Teams user, from the identity SDK directly and from a token service that exchanges it itself.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { ChatClient } from "@azure/communication-chat";
import { AzureCommunicationTokenCredential } from "@azure/communication-common";
import { CommunicationIdentityClient } from "@azure/communication-identity";
import { ACS, application, claims, inBrowser } from "./entra.mjs";

const EXCHANGE = "/teamsUser/:exchangeAccessToken";

// A `sidetone token-service` with a folder of its own, that trusts what these checks trust.
async function tokenService({ connectionString, entra }) {
  const folder = mkdtempSync(join(process.env.WORK, "token-service-"));
  writeFileSync(join(folder, "connection-string"), connectionString, { mode: 0o600 });
  const settings = [
    "listen = '127.0.0.1:0'",
    "connection_string_file = 'connection-string'",
    "audit_file = 'audit.jsonl'",
    `ca = '${process.env.NODE_EXTRA_CA_CERTS}'`,
    "[teams]",
    `app_id = '${entra.clientId}'`,
    `tenants = ['${entra.tenant}']`,
    `authority = '${entra.authority}'`,
  ];
  writeFileSync(join(folder, "settings.toml"), settings.join("\n"));
  const child = spawn(process.env.SIDETONE, ["token-service", "--config", join(folder, "settings.toml")], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.on("exit", (code, signal) => resolve(signal ?? code)));
  const line = await Promise.race([new Promise((resolve) => createInterface({ input: child.stdout }).once("line", resolve)), ended]);
  return {
    url: JSON.parse(line).url,
    audit: () => readFileSync(join(folder, "audit.jsonl"), "utf8"),
    stop() {
      child.kill("SIGTERM");
      const overdue = setTimeout(() => child.kill("SIGKILL"), 5000);
      return ended.finally(() => clearTimeout(overdue));
    },
  };
}

export async function exchange(report, ready) {
  const check = (name, body, seconds) => report.check(name, body, seconds);
  const identities = new CommunicationIdentityClient(ready.connectionString);
  const own = application(ready);
  const signed = await inBrowser(own, ACS);
  const { oid, exp } = claims(signed.accessToken);
  const clientId = ready.entra.clientId;

  report.part("the token of a Teams user");
  await check("the identity SDK exchanges it, and the new token ends with the old", async () => {
    const got = await identities.getTokenForTeamsUser({ teamsUserAadToken: signed.accessToken, clientId, userObjectId: oid });
    assert.ok(Math.abs(got.expiresOn.getTime() - exp * 1000) < 2000, String(got.expiresOn));
    assert.equal(`8:${claims(got.token).skypeid}`, `8:orgid:${oid}`);
  });
  const tried = async (request, status) => {
    const whole = { teamsUserAadToken: signed.accessToken, clientId, userObjectId: oid, ...request };
    const error = await identities.getTokenForTeamsUser(whole).then(() => assert.fail("was exchanged"), (error) => error);
    assert.equal(error.statusCode, status, String(error));
  };
  await check("for another user, another application or another resource it is refused", async () => {
    await tried({ userObjectId: "b0b00000-0000-4000-8000-10ca15e4b1ce" }, 403);
    await tried({ clientId: clientId.replace(/1$/, "2") }, 403);
    const graph = await inBrowser(own, ["https://graph.microsoft.com/Chat.Read"]);
    await tried({ teamsUserAadToken: graph.accessToken }, 401);
  });
  await check("nobody without the resource's key is exchanged at all", async () => {
    const url = `${ready.endpoint}${EXCHANGE}?api-version=2023-10-01`;
    const body = JSON.stringify({ token: signed.accessToken, appId: clientId, userId: oid });
    const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
    assert.equal(answer.status, 401);
  });
  await check("the credential of the SDK exchanges at the resource itself (preview), and chats with that", async () => {
    const scopes = ["https://communication.azure.com/clients/Chat"];
    const person = await inBrowser(own, scopes);
    const tokenCredential = {
      getToken: async (scopes) => {
        const { accessToken, expiresOn } = await own.acquireTokenSilent({ scopes: [scopes].flat(), account: person.account });
        return { token: accessToken, expiresOnTimestamp: expiresOn.getTime() };
      },
    };
    const credential = new AzureCommunicationTokenCredential({ resourceEndpoint: ready.endpoint, tokenCredential, scopes });
    const { token } = await credential.getToken();
    assert.deepEqual([claims(token).skypeid, claims(token).acsScope], [`acs:${claims(token).resourceId}_${oid}`, "chat"]);
    const chat = new ChatClient(ready.endpoint, credential);
    const { chatThread } = await chat.createChatThread({ topic: "Directly" });
    assert.equal(chatThread.createdBy.communicationUserId, `8:${claims(token).skypeid}`);
    credential.dispose();
  });
  const service = await tokenService(ready);
  const ask = async (token) => {
    const body = JSON.stringify({ kind: "teams", entraToken: token });
    const answer = await fetch(`${service.url}/v1/token`, { method: "POST", headers: { "content-type": "application/json" }, body });
    return { status: answer.status, told: await answer.json() };
  };
  await check("the token service exchanges it with calls that it signs itself, and its token opens the resource", async () => {
    const { status, told } = await ask(signed.accessToken);
    assert.equal(status, 200, JSON.stringify(told));
    assert.equal(told.id, `8:orgid:${oid}`);
    assert.ok(Math.abs(new Date(told.expiresOn).getTime() - exp * 1000) < 2000, told.expiresOn);
    const chat = await fetch(`${told.endpoint}/chat/threads?api-version=2025-03-15`, { headers: { authorization: `Bearer ${told.token}` } });
    assert.equal(chat.status, 200, await chat.text());
    const audit = service.audit();
    assert.ok(audit.includes("exchanged") && audit.includes(oid), audit);
    assert.ok(!audit.includes("eyJ"), "a token was written down");
  });
  await check("a token of another resource is not exchanged by it", async () => {
    const graph = await own.acquireTokenSilent({ scopes: ["https://graph.microsoft.com/Chat.Read"], account: signed.account });
    const { status, told } = await ask(graph.accessToken);
    assert.equal(status, 401, JSON.stringify(told));
    assert.ok(!JSON.stringify(told).includes("eyJ"));
  });
  await check("the token service stops cleanly", async () => assert.equal(await service.stop(), 0));
}
