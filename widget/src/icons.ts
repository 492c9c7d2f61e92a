// The icons' shapes: 16 px, drawn with one stroke of 1.5.

const CIRCLE = "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2";
export const up = "M8 2.5 13 8h-2.7v5.5H5.7V8H3z";
export const down = "M8 13.5 3 8h2.7V2.5h4.6V8H13z";
export const link = "m7 5 1.7-1.7a2.8 2.8 0 0 1 4 4L11 9M9 11l-1.7 1.7a2.8 2.8 0 0 1-4-4L5 7M6 10l4-4";
export const flag = "M3.5 14V2.5h9l-2 3 2 3h-9";
export const minus = CIRCLE + "M5.5 8h5";
export const plus = minus + "M8 5.5v5";
export const clock = CIRCLE + "M8 4.5V8l2 1.5";
export const alert = CIRCLE + "M8 5v3.3M8 10.8v.01";
export const check = "m3 8.5 3.5 3.5L13 4.5";
export const lock = "M3.5 7.5h9v6h-9zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5";
export const reply = "M3.5 3v5.5h9M9.5 5.5l3 3-3 3";
