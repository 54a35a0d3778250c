// What others wrote, as elements of a short list: nothing else of their markup gets into the page.

// Read by the browser into a document of its own, in which nothing runs and nothing is loaded.
const inert = globalThis.trustedTypes?.createPolicy("inert", { createHTML: (text) => text }) ?? { createHTML: (text) => text };

// `picture` makes what stands for a picture: it gets its id and its words.
export function rich(html, picture) {
  const read = new DOMParser().parseFromString(inert.createHTML(html), "text/html");
  const made = document.createDocumentFragment();
  children(read.body, made, { left: MOST, picture }, 0);
  return made;
}

// Plain words, with addresses as links.
export function plain(text) {
  const made = document.createDocumentFragment();
  linked(text, made);
  return made;
}

function children(from, into, budget, depth) {
  for (const node of from.childNodes) {
    if (budget.left <= 0) return;
    budget.left -= 1;
    if (node.nodeType === Node.TEXT_NODE) {
      if (into.closest?.("a")) into.append(node.data);
      else linked(node.data, into);
    } else if (node.nodeType === Node.ELEMENT_NODE) {
      element(node, into, budget, depth + 1);
    }
  }
}

function element(node, into, budget, depth) {
  const kind = node.localName;
  if (DROPPED.has(kind)) return;
  if (depth > DEEPEST) return into.append(node.textContent);
  switch (kind) {
    case "a":
      return link(node, into, budget, depth);
    case "at":
      return into.append(wrapped("span", { className: "mention" }, `@${node.textContent.replace(/^@/, "")}`));
    case "img":
      return into.append(budget.picture(node.getAttribute("id") || node.getAttribute("src") || "", node.getAttribute("alt") || ""));
    case "attachment":
      return into.append(budget.picture(node.getAttribute("id") || "", ""));
  }
  const known = KNOWN[kind];
  if (!known) return children(node, into, budget, depth);
  const made = document.createElement(known);
  into.append(made);
  children(node, made, budget, depth);
}

// Only what leads to a page or a mail; where it leads is said if the words say something else.
function link(node, into, budget, depth) {
  const to = address(node.getAttribute("href"));
  if (!to) return children(node, into, budget, depth);
  const made = wrapped("a", { href: to.href, target: "_blank", rel: "noopener noreferrer nofollow" });
  into.append(made);
  children(node, made, budget, depth);
  const where = to.host || to.pathname;
  if (!made.textContent.includes(where)) into.append(` (${where})`);
}

function address(text) {
  try {
    const url = new URL(text);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url : null;
  } catch {
    return null;
  }
}

function linked(text, into) {
  let from = 0;
  for (const { 0: found, index } of text.matchAll(/https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]']/g)) {
    const to = address(found);
    if (!to) continue;
    into.append(text.slice(from, index), wrapped("a", { href: to.href, target: "_blank", rel: "noopener noreferrer nofollow" }, found));
    from = index + found.length;
  }
  into.append(text.slice(from));
}

function wrapped(kind, properties, text = "") {
  const made = Object.assign(document.createElement(kind), properties);
  made.append(text);
  return made;
}

const KNOWN = {
  p: "p", div: "div", br: "br", hr: "hr", blockquote: "blockquote", pre: "pre", code: "code",
  b: "b", strong: "strong", i: "i", em: "em", u: "u", s: "s", strike: "s", del: "s",
  ul: "ul", ol: "ol", li: "li", table: "table", thead: "thead", tbody: "tbody", tr: "tr", td: "td", th: "th",
  h1: "h4", h2: "h4", h3: "h4", h4: "h4", h5: "h4", h6: "h4",
};
const DROPPED = new Set(["script", "style", "template", "iframe", "object", "embed", "noscript", "title", "svg", "math", "form", "input", "button", "select", "textarea"]);
const DEEPEST = 40;
const MOST = 5_000;
