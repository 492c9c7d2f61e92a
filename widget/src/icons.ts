// The icons: 16 px, drawn with one stroke of 1.5. Constants, so that each script carries only those it draws.

const CIRCLE = "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2";
export const up = "M8 2.5 13 8h-2.7v5.5H5.7V8H3z";
export const down = "M8 13.5 3 8h2.7V2.5h4.6V8H13z";
export const link = "m7 5 1.7-1.7a2.8 2.8 0 0 1 4 4L11 9M9 11l-1.7 1.7a2.8 2.8 0 0 1-4-4L5 7M6 10l4-4";
export const flag = "M3.5 14V2.5h9l-2 3 2 3h-9";
export const minus = CIRCLE + "M5.5 8h5";
export const plus = CIRCLE + "M5.5 8h5M8 5.5v5";
export const clock = CIRCLE + "M8 4.5V8l2 1.5";
export const alert = CIRCLE + "M8 5v3.3M8 10.8v.01";
export const help = CIRCLE + "M6.3 6.4a1.7 1.7 0 1 1 2.5 1.5c-.6.3-.8.6-.8 1.1M8 11v.01";
export const check = "m3 8.5 3.5 3.5L13 4.5";
export const undo = "M6 3 3 6l3 3M3 6h6a3.5 3.5 0 0 1 0 7H7";
export const lock = "M3.5 7.5h9v6h-9zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5";
export const reply = "M3.5 3v5.5h9M9.5 5.5l3 3-3 3";
export const close = "m4 4 8 8M12 4l-8 8";
export const arrow = "M8 13V3M4 7l4-4 4 4";
export const unfold = "m4.5 6.5 3.5 3.5 3.5-3.5";
export const offline = "m2.5 2.5 11 11M2 6.5a9 9 0 0 1 3-1.8M14 6.5a9 9 0 0 0-6.5-2.4M4.5 9.3a5 5 0 0 1 3-1.5M8 12.5v.01";

const SVG = "http://www.w3.org/2000/svg";

/** A picture beside words: hidden from assistive technology. */
export function icon(shape: string): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", shape);
  svg.append(path);
  return svg;
}
