// Builds a comment's body node by node from the service's canonical HTML; what it does not know becomes text.

const TAG = /<(\/?)(p|br|strong|em|s|code|pre|blockquote|[uo]l|li|a)( href="((?:https?|mailto):[^"<>]*)"(?: rel="[^"]*")?)?>|&(amp|lt|gt|quot|#39);/g;
const ENTITY: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
const DEPTH = 40; // deeper markup stays text: nobody can read it, and layout is recursive

/** The nodes of a body. Never throws: any string gives some safe nodes. */
export function readBody(html: string): DocumentFragment {
  const body = document.createDocumentFragment();
  const open: (Element | DocumentFragment)[] = [body];
  let at = 0;
  for (const { 0: source, 1: closing, 2: name, 3: attributes, 4: href, 5: entity, index } of html.matchAll(TAG)) {
    const top = open.at(-1)!;
    const isLink = name === "a";
    top.append(html.slice(at, index));
    at = index + source!.length;
    if (closing && (top as Element).localName === name && !attributes) open.pop();
    else if (entity) top.append(ENTITY[entity]!);
    else if (closing || isLink !== !!href || open.length > DEPTH || (isLink && (top as Element).closest?.("a"))) top.append(source!);
    else {
      const element = document.createElement(name!);
      top.append(element);
      if (name !== "br") open.push(element);
      if (isLink) {
        element.setAttribute("href", href!.replace(/&amp;/g, "&"));
        element.setAttribute("rel", "nofollow ugc noopener");
      }
    }
  }
  open.at(-1)!.append(html.slice(at));
  return body;
}
