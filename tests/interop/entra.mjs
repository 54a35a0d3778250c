// MSAL for Node signs people in at the embedded directory.
import assert from "node:assert/strict";
import { CryptoProvider, InteractionRequiredAuthError, PublicClientApplication } from "@azure/msal-node";
import { handOver, signIn, typeCode } from "./person.mjs";

const ADA = "ada@sidetone.example";
const BOB = "bob@sidetone.example";
export const ACS = ["Teams.ManageCalls", "Teams.ManageChats"].map((name) => `https://auth.msft.communication.azure.com/${name}`);
const CHAT = ["https://graph.microsoft.com/Chat.Read"];
const accept = { user_name: ADA, act: "accept" };

// MSAL as it comes, told in its own settings where the directory is.
export function application({ entra }, more = {}) {
  const auth = { clientId: entra.clientId, authority: `${entra.authority}/${entra.tenant}`, knownAuthorities: [new URL(entra.authority).host] };
  return new PublicClientApplication({ auth, ...more });
}

// A network client for MSAL that keeps what was answered.
class Listening {
  said = [];

  async ask(method, url, options) {
    const answer = await fetch(url, { method, headers: options?.headers, body: options?.body });
    const body = await answer.json();
    this.said.push({ path: new URL(url).pathname, at: performance.now(), error: body.error });
    return { status: answer.status, headers: Object.fromEntries(answer.headers), body };
  }

  sendGetRequestAsync(url, options) {
    return this.ask("GET", url, options);
  }

  sendPostRequestAsync(url, options) {
    return this.ask("POST", url, options);
  }

  polls() {
    return this.said.filter(({ path }) => path.endsWith("/token"));
  }
}

export const claims = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

// Somebody who signs in by MSAL's own listener on loopback; answers what MSAL got.
export function inBrowser(client, scopes, who = ADA, more = {}) {
  const openBrowser = async (url) => {
    const told = await handOver(url, { user_name: who, act: "accept" });
    assert.equal(told.status, 200, told.text);
  };
  return client.acquireTokenInteractive({ scopes, openBrowser, ...more });
}

async function refused(promise, kind, code) {
  const error = await promise.then(
    () => assert.fail(`was not refused with ${code}`),
    (error) => error,
  );
  assert.ok(error instanceof kind, `${error.name}: ${error.message}`);
  assert.ok(`${error.errorCode} ${error.message}`.includes(code), `${error.errorCode}: ${error.message}`);
  return error;
}

export async function entra(report, ready, control) {
  const check = (name, body, seconds) => report.check(name, body, seconds);
  const device = (expiresIn, interval) => control.post("/directory/device", { expiresIn, interval });

  report.part("MSAL: device code");
  await device(60, 1);
  await check("a device waits, is told to wait, and gets tokens once somebody typed its code", async () => {
    const listening = new Listening();
    const client = application(ready, { system: { networkClient: listening } });
    let code;
    const got = await client.acquireTokenByDeviceCode({
      scopes: CHAT,
      deviceCodeCallback: (told) => {
        code = told;
        setTimeout(() => typeCode(told.verificationUri, told.userCode, accept), 1500);
      },
    });
    assert.ok(code.message.includes(code.userCode) && code.message.includes(code.verificationUri), code.message);
    assert.equal(code.interval, 1);
    assert.equal(got.account.username, ADA);
    assert.equal(claims(got.accessToken).aud, "https://graph.microsoft.com");
    const errors = listening.polls().map(({ error }) => error);
    assert.ok(errors.length >= 3, `polled ${errors.length} times`);
    assert.deepEqual(new Set(errors.slice(0, -1)), new Set(["authorization_pending"]), "as often as it was told to, and never told to slow down");
    assert.equal(errors.at(-1), undefined);
  });
  await check("who polls between is told to slow down, which MSAL hands on as the reason", async () => {
    let spoiled;
    const asking = application(ready).acquireTokenByDeviceCode({
      scopes: CHAT,
      deviceCodeCallback: (told) => {
        const url = `${ready.entra.authority}/${ready.entra.tenant}/oauth2/v2.0/token`;
        const form = { client_id: ready.entra.clientId, grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code: told.deviceCode };
        // After MSAL's first poll, and less than a second before its next.
        spoiled = new Promise((resolve) => setTimeout(resolve, 500)).then(() => fetch(url, { method: "POST", body: new URLSearchParams(form) }));
      },
    });
    await refused(asking, Error, "slow_down");
    assert.equal((await (await spoiled).json()).error, "slow_down");
  });
  await check("who declines ends it", async () => {
    const asking = application(ready).acquireTokenByDeviceCode({
      scopes: CHAT,
      deviceCodeCallback: (told) => typeCode(told.verificationUri, told.userCode, { act: "decline" }),
    });
    await refused(asking, Error, "authorization_declined");
  });
  await check("a code that nobody typed in time is told to have expired", async () => {
    await device(2, 3);
    const asking = application(ready).acquireTokenByDeviceCode({ scopes: CHAT, deviceCodeCallback: () => {} });
    // By its own clock, which MSAL looks at before it asks again.
    await refused(asking, Error, "device_code_expired");
    await device(1, 1);
    const listening = new Listening();
    const late = application(ready, { system: { networkClient: listening } }).acquireTokenByDeviceCode({ scopes: CHAT, deviceCodeCallback: () => {} });
    // By the service's word, where the two fall into one second, or else by the clock again.
    const error = await late.then(() => assert.fail("was not refused"), (error) => error);
    assert.match(`${error.errorCode} ${error.message}`, /expired/);
    await device(900, 5);
  });

  report.part("MSAL: authorization code with PKCE");
  let client;
  let account;
  await check("somebody signs in in a browser that comes back to MSAL's own listener", async () => {
    client = application(ready);
    const got = await inBrowser(client, CHAT);
    account = got.account;
    assert.equal(got.account.username, ADA);
    assert.equal(got.account.name, "Ada Quist");
    assert.equal(got.tenantId, ready.entra.tenant);
    assert.equal(got.account.homeAccountId, `${got.idTokenClaims.oid}.${ready.entra.tenant}`);
    assert.ok(got.expiresOn > new Date());
  });
  await check("who declines there is told so", async () => {
    const openBrowser = (url) => handOver(url, { act: "decline" });
    await refused(application(ready).acquireTokenInteractive({ scopes: CHAT, openBrowser }), Error, "access_denied");
  });
  await check("an answer with another state is turned away, and the right one still taken", async () => {
    const openBrowser = async (url) => {
      const foreign = new URL(url);
      const state = foreign.searchParams.get("state");
      foreign.searchParams.set("state", "x".repeat(state.length));
      assert.equal((await handOver(foreign.href, accept)).status, 400);
      assert.equal((await handOver(url, accept)).status, 200);
    };
    const got = await application(ready).acquireTokenInteractive({ scopes: CHAT, openBrowser });
    assert.equal(got.account.username, ADA);
  });
  const byHand = async (change = {}) => {
    const own = application(ready);
    const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
    const redirectUri = "http://localhost:49152";
    const asked = { scopes: CHAT, redirectUri, responseMode: "query", state: "s1", codeChallenge: challenge, codeChallengeMethod: "S256" };
    const to = await signIn(await own.getAuthCodeUrl(asked), ADA);
    assert.equal(to.searchParams.get("state"), "s1");
    const code = to.searchParams.get("code");
    return { own, request: { scopes: CHAT, redirectUri, code, codeVerifier: verifier, ...change } };
  };
  await check("a code is redeemed by MSAL once, and not a second time", async () => {
    const { own, request } = await byHand();
    assert.equal((await own.acquireTokenByCode({ ...request })).account.username, ADA);
    await refused(own.acquireTokenByCode({ ...request }), Error, "AADSTS54005");
  });
  await check("a code is worth nothing without its verifier", async () => {
    const { own, request } = await byHand({ codeVerifier: "x".repeat(43) });
    await refused(own.acquireTokenByCode(request), Error, "AADSTS501481");
  });

  report.part("MSAL: silently, challenges, signing out");
  await check("a token that is good still comes from MSAL's own store", async () => {
    const again = await client.acquireTokenSilent({ scopes: CHAT, account });
    assert.equal(again.fromCache, true);
  });
  await check("a refresh gives new tokens, also for another resource that was agreed to", async () => {
    const own = application(ready);
    const signed = await inBrowser(own, ACS, ADA, { extraScopesToConsent: CHAT });
    assert.equal(claims(signed.accessToken).aud, "https://auth.msft.communication.azure.com");
    const graph = await own.acquireTokenSilent({ scopes: CHAT, account: signed.account });
    assert.equal(graph.fromCache, false);
    assert.equal(claims(graph.accessToken).aud, "https://graph.microsoft.com");
    // The refresh token was replaced, and the new one is good too.
    const next = await own.acquireTokenSilent({ scopes: CHAT, account: signed.account, forceRefresh: true });
    assert.equal(next.fromCache, false);
  });
  await check("nobody gets silently what they did not agree to", async () => {
    const more = ["https://graph.microsoft.com/Chat.ReadWrite"];
    const error = await refused(client.acquireTokenSilent({ scopes: more, account }), Error, "AADSTS65001");
    assert.ok(error.errorCode, error.message);
  });
  await check("a claims challenge is answered by signing in with it, and by nothing else", async () => {
    await control.post("/directory/challenge", { userName: ADA });
    const error = await refused(client.acquireTokenSilent({ scopes: CHAT, account, forceRefresh: true }), InteractionRequiredAuthError, "AADSTS50076");
    assert.match(error.claims, /capolids/);
    // Without the claims the sign-in itself is refused.
    await refused(inBrowser(client, CHAT), Error, "AADSTS50076");
    const got = await inBrowser(client, CHAT, ADA, { claims: error.claims });
    const after = await client.acquireTokenSilent({ scopes: CHAT, account: got.account, forceRefresh: true });
    assert.equal(after.fromCache, false);
  });
  await check("a new signing key of the directory changes nothing for who is signed in", async () => {
    const told = await control.post("/directory/keys/rotate", {});
    assert.equal(told.keys, 2);
    const before = claims((await client.acquireTokenSilent({ scopes: CHAT, account })).idToken).iat;
    const after = await client.acquireTokenSilent({ scopes: CHAT, account, forceRefresh: true });
    assert.ok(after.idTokenClaims.iat >= before);
  });
  await check("a sign-in that was ended elsewhere asks for another", async () => {
    const own = application(ready);
    const signed = await inBrowser(own, CHAT, BOB);
    await control.post("/directory/revoke", { userName: BOB });
    await refused(own.acquireTokenSilent({ scopes: CHAT, account: signed.account, forceRefresh: true }), Error, "AADSTS50173");
  });
  await check("signing out leaves no account and no way to a token", async () => {
    assert.equal((await client.getAllAccounts()).length, 1);
    await client.signOut({ account });
    assert.deepEqual(await client.getAllAccounts(), []);
    await refused(client.acquireTokenSilent({ scopes: CHAT, account, forceRefresh: true }), Error, "no_tokens_found");
    const about = await (await fetch(`${ready.entra.authority}/${ready.entra.tenant}/v2.0/.well-known/openid-configuration`)).json();
    const page = await fetch(about.end_session_endpoint);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /signed out/);
  });
}
