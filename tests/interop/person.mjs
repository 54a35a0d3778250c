// Somebody with a browser of their own, who signs in at the directory without looking at its pages.
const unescaped = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&amp;", "&");

// The one form of a page: where it goes, and its hidden fields.
function form(page, from) {
  const action = /<form method="post" action="([^"]*)"/.exec(page);
  if (!action) throw new Error(`there is no form on the page: ${page}`);
  const hidden = [...page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
  const fields = Object.fromEntries(hidden.map(([, name, value]) => [unescaped(name), unescaped(value)]));
  return { action: new URL(unescaped(action[1]), from).href, fields };
}

const post = (url, fields) => fetch(url, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" });

// Answers the page of the authorize endpoint; what comes of it: a redirect, or a form for the application.
async function answer(url, fields) {
  const shown = await fetch(url, { redirect: "manual" });
  const page = await shown.text();
  if (shown.status !== 200) throw new Error(`the sign-in page answered ${shown.status}: ${page}`);
  const asked = form(page, url);
  return post(asked.action, { ...asked.fields, ...fields });
}

// Where the browser is sent with the code or the refusal.
export async function signIn(url, who) {
  const answered = await answer(url, { user_name: who, act: "accept" });
  const to = answered.headers.get("location");
  if (answered.status !== 302 || !to) throw new Error(`nobody was signed in: ${answered.status} ${await answered.text()}`);
  return new URL(to);
}

// As a browser carries a form to an application that listens on this machine: on its first and only page.
export async function handOver(url, fields) {
  const answered = await answer(url, fields);
  const back = form(await answered.text(), url);
  const told = await post(back.action, back.fields);
  return { status: told.status, text: await told.text(), ...back };
}

// Types the code of a device.
export async function typeCode(verificationUri, userCode, fields) {
  const done = await post(verificationUri, { user_code: userCode, ...fields });
  return done.text();
}
