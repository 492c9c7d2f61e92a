// Builds a comment's body node by node from the service's canonical HTML; what it does not know becomes text.

const TAG = /<(\/?)([a-z]+)((?: [a-z]+="[^"<>]*")*) ?\/?>|&(#?\w+);/g;
const KNOWN = new Set("p br strong em s code pre blockquote ul ol li a".split(" "));
const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'", "#x27": "'" };
const SCHEMES = new Set(["http:", "https:", "mailto:"]);
const DEPTH = 40; // deeper markup stays text: nobody can read it, and layout is recursive

/** The nodes of a body. Never throws: any string gives some safe nodes. */
export function readBody(html: string): DocumentFragment {
  const body = document.createDocumentFragment();
  const open: (Element | DocumentFragment)[] = [body];
  const top = () => open[open.length - 1]!;
  let at = 0;
  for (const match of html.matchAll(TAG)) {
    top().append(html.slice(at, match.index));
    at = match.index + match[0].length;
    const [source, closing, name, attributes, entity] = match;
    if (entity) top().append(ENTITIES[entity] ?? source);
    else if (closing) {
      if (open.length > 1 && !attributes && (top() as Element).localName === name) open.pop();
      else top().append(source);
    } else {
      const element = known(name!, attributes!, open);
      top().append(element ?? source);
      if (element && name !== "br") open.push(element);
    }
  }
  top().append(html.slice(at));
  body.normalize();
  return body;
}

function known(name: string, attributes: string, open: (Element | DocumentFragment)[]): Element | null {
  if (!KNOWN.has(name) || open.length > DEPTH) return null;
  const element = document.createElement(name);
  if (name !== "a") return attributes ? null : element;
  const href = /^ href="([^"]*)"(?: rel="[^"]*")?$/.exec(attributes);
  const address = href && safeAddress(decoded(href[1]!));
  if (!address || open.some((outer) => (outer as Element).localName === "a")) return null;
  element.setAttribute("href", address);
  element.setAttribute("rel", "nofollow ugc noopener");
  return element;
}

function decoded(text: string): string {
  return text.replace(/&(#?\w+);/g, (source, entity) => ENTITIES[entity] ?? source);
}

function safeAddress(text: string): string | null {
  try {
    return SCHEMES.has(new URL(text).protocol) ? text : null;
  } catch {
    return null;
  }
}
