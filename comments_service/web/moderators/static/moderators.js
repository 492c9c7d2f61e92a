// Keys, the optimistic step to the next card, bulk and undo. Every act here is a form that also works alone.
const KEYS_OFF = "moderate.keys";
const AHEAD = 5; // cards fetched before they are asked for
const TOPPED_UP_BELOW = 8; // rows left when further ones are fetched
const root = document.documentElement;
const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

const place = $("[data-place]");
const rows = $("[data-rows]");
const toast = $("[data-toast]");
const keysDialog = $("[data-keys]");
const cards = new Map(); // id -> promise of a card's element
const removed = new Map(); // id -> the row that was taken from the list
const decided = new Set(); // ids that were sent, so that a second press finds nothing to do
let undoable = place ? $$("[name=decision]", $("[data-undo]") ?? toast).map((input) => input.value) : [];
let toppingUp = false;
let heading; // the card that was asked for and is not here yet: quick steps go on from there
let turn = 0; // counts what was shown, so that a slow card never replaces a later one
let saving = Promise.resolve();

root.classList.add("scripted");
localTimes(document);
if (keysDialog) setUpKeys();
if (place) setUpQueue();
document.addEventListener("click", closeMenus);
document.addEventListener("toggle", onToggle, true);

// Times are drawn in UTC by the server; here they become the reader's own.
function localTimes(within) {
  const today = new Date().toDateString();
  for (const time of $$("time[data-form]", within)) {
    const at = new Date(time.dateTime);
    const hour = at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
    const year = at.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
    const isToday = at.toDateString() === today;
    const day = isToday ? "today" : at.toLocaleDateString("en-GB", { day: "numeric", month: "short", year });
    const short = isToday ? hour : day;
    time.textContent = { short, hour, at: `${day} at ${hour}` }[time.dataset.form];
    time.title = at.toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short" });
  }
}

// --- keys -------------------------------------------------------------------------------------------------

function setUpKeys() {
  const on = $("[data-keys-on]", keysDialog);
  on.checked = keysAreOn();
  root.classList.toggle("keyed", on.checked);
  on.addEventListener("change", () => {
    try {
      if (on.checked) localStorage.removeItem(KEYS_OFF);
      else localStorage.setItem(KEYS_OFF, "off");
    } catch {
      // Without storage the choice lasts as long as the page.
    }
    root.classList.toggle("keyed", on.checked);
  });
  $("[data-help]")?.addEventListener("click", () => keysDialog.showModal());
  document.addEventListener("keydown", onKey);
}

function keysAreOn() {
  try {
    return localStorage.getItem(KEYS_OFF) !== "off";
  } catch {
    return true;
  }
}

function onKey(event) {
  const menu = openMenu();
  if (event.key === "Escape" && menu && !keysDialog.open) {
    closeAndFocus(menu);
    event.preventDefault();
    return;
  }
  if (event.key === "Escape" && !keysDialog.open) untick();
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
  if (!root.classList.contains("keyed") || keysDialog.open || isTyping(event.target)) return;
  if (act(event.key, menu)) event.preventDefault();
}

function isTyping(target) {
  return target.isContentEditable || target.matches("textarea, select, input:not([type=checkbox], [type=radio])");
}

function act(key, menu) {
  if (key === "?") return keysDialog.showModal(), true;
  if (key === "/") return $("[data-search]")?.focus(), true;
  if (menu && /^[1-9]$/.test(key)) return press(key, menu);
  if ((key === "ArrowDown" || key === "ArrowUp") && menu) return stepInMenu(menu, key === "ArrowDown" ? 1 : -1);
  if (key === "j" && rows) return step(1);
  if (key === "k" && rows) return step(-1);
  if (key === "x" && rows) return tickNext();
  // What decides acts on the ticked while there are some: the hints stand on their buttons then.
  const bulk = "ars".includes(key) && rows && $(".bulk", rows);
  return /^[a-z0-9]$/.test(key) && press(key, bulk && bulk.checkVisibility() ? bulk : document);
}

function press(key, within) {
  const target = $$(`[data-key="${key}"]`, within).find((element) => element.checkVisibility());
  if (!target) return false;
  if ("decides" in target.dataset && hasMoreToRead()) return true;
  target.click();
  return true;
}

// A long comment is not decided unread: the first press turns the page.
function hasMoreToRead() {
  const read = $("[data-read]");
  const left = read.scrollHeight - read.clientHeight - read.scrollTop;
  if (left < 12 || read.clientHeight === 0) return false;
  read.scrollBy({ top: Math.max(40, read.clientHeight - 56) });
  say("The comment goes on. Press again at its end.", false);
  return true;
}

// --- menus ------------------------------------------------------------------------------------------------

function openMenu() {
  return $$("details.menu[open]").find((menu) => menu.checkVisibility());
}

function closeAndFocus(menu) {
  menu.open = false;
  $("summary", menu).focus();
}

function closeMenus(event) {
  for (const menu of $$("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
}

function onToggle(event) {
  const details = event.target;
  if (!(details instanceof HTMLDetailsElement) || !details.open) return;
  const wanted = details.matches(".menu") ? ".panel :is(button, a, input, textarea, summary)" : "textarea, select, input";
  $$(wanted, details).find((one) => one.checkVisibility())?.focus();
  // What opens below the bar may end below the screen.
  if (details.closest(".acts, .bulk")) $(".panel", details.closest(".menu")).scrollIntoView({ block: "nearest" });
}

function stepInMenu(menu, by) {
  const choices = $$(".choice", menu).filter((choice) => choice.checkVisibility());
  const at = choices.indexOf(document.activeElement);
  choices.at((at + by + choices.length) % choices.length)?.focus();
  return choices.length > 0;
}

// --- the queue --------------------------------------------------------------------------------------------

function setUpQueue() {
  document.addEventListener("submit", onSubmit);
  document.addEventListener("click", onClick);
  place.addEventListener("change", countGroup);
  addEventListener("beforeunload", (event) => {
    if (place.dataset.saving) event.preventDefault();
  });
  if (!rows) return;
  rows.addEventListener("change", onTick);
  showTicks();
  prefetch();
}

function lines() {
  return rows ? $$("[data-row]", rows) : [];
}

function currentId() {
  return $("[data-card]", place)?.dataset.card;
}

function lineOf(id) {
  return lines().find((line) => line.dataset.row === id);
}

function onClick(event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  if (event.target.closest("[data-skip]") && rows) {
    if (step(1)) event.preventDefault();
    return;
  }
  const link = event.target.closest(".line a.words");
  if (!link) return;
  event.preventDefault();
  show(link.closest("[data-row]").dataset.row);
}

function step(by) {
  const all = lines();
  const from = heading ?? currentId();
  const at = all.findIndex((line) => line.dataset.row === from);
  const next = all[at + by] ?? (by > 0 ? all.find((line) => line.dataset.row !== from) : undefined);
  if (!next) return false;
  show(next.dataset.row);
  return true;
}

function fetchCard(id) {
  if (!cards.has(id)) {
    const query = new URLSearchParams(location.search);
    query.delete("comment");
    const promise = fetch(`cards/${id}?${query}`, { headers: { "X-Requested-With": "script" } }).then(async (answer) => {
      if (!answer.ok) throw new Error(String(answer.status));
      return parsed(await answer.text());
    });
    promise.catch(() => cards.delete(id));
    cards.set(id, promise);
  }
  return cards.get(id);
}

function parsed(html) {
  const card = $("[data-card]", new DOMParser().parseFromString(html, "text/html"));
  localTimes(card);
  return card;
}

function prefetch() {
  const all = lines();
  const at = all.findIndex((line) => line.dataset.row === currentId());
  for (const line of all.slice(at + 1, at + 1 + AHEAD)) fetchCard(line.dataset.row);
}

async function show(id) {
  const mine = ++turn;
  heading = id;
  let card;
  try {
    card = await fetchCard(id);
  } catch (fault) {
    heading = undefined;
    // Away is not gone: what is on the screen stays. Anything else is said by the page itself.
    if (fault instanceof TypeError) say("The service could not be reached. Please try again.", false);
    else location.assign(`?${withComment(id)}`);
    return;
  }
  if (mine !== turn) return; // something else was asked for meanwhile
  heading = undefined;
  cards.delete(id);
  place.replaceChildren(card);
  hideSeen();
  showUndo();
  card.focus({ preventScroll: true });
  if (card.getBoundingClientRect().top < 0 || matchMedia("(max-width: 831.98px)").matches) scrollTo(0, 0);
  prefetch();
  topUp();
}

function withComment(id) {
  const query = new URLSearchParams(location.search);
  for (const name of ["done", "late", "gone"]) query.delete(name);
  query.set("comment", id);
  return query;
}

function hideSeen() {
  const all = lines();
  const at = all.findIndex((line) => line.dataset.row === currentId());
  const together = grouped();
  all.forEach((line, number) => (line.hidden = number <= at || together.has(line.dataset.row)));
  const position = $("[data-position]", place);
  const total = $("[data-count-here]")?.textContent;
  if (at >= 0 && total && !new URLSearchParams(location.search).get("cursor")) position.textContent = `${at + 1} of ${total}`;
}

// The ids of the group that the card shows; none when it shows one comment.
function grouped() {
  return new Set($$("[data-grouped-item]", place).map((box) => box.value.split("/")[1]));
}

async function topUp() {
  const further = $("[data-further]");
  if (!further || toppingUp || lines().length >= TOPPED_UP_BELOW) return;
  toppingUp = true;
  try {
    const answer = await fetch(further.href);
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const known = new Set([...lines().map((line) => line.dataset.row), ...removed.keys(), currentId()]);
    localTimes(page);
    for (const line of $$("[data-row]", page)) {
      if (known.has(line.dataset.row)) continue;
      line.hidden = false;
      $("[data-lines]").append(line);
    }
    const next = $("[data-further]", page);
    if (next) further.href = next.href;
    else further.remove();
    hideSeen();
    prefetch();
  } catch {
    // Without an answer the link stays, and the next step asks again.
  } finally {
    toppingUp = false;
  }
}

// --- deciding ---------------------------------------------------------------------------------------------

function onSubmit(event) {
  const form = event.target;
  if (form.matches("[data-undo]")) {
    event.preventDefault();
    undo();
  } else if (form.getAttribute("action")?.endsWith("/bans")) {
    event.preventDefault();
    ban(fields(form, event.submitter));
  } else if (form.getAttribute("action")?.endsWith("/decisions")) {
    // Not form.action: a field of that name stands before it.
    const body = fields(form, event.submitter);
    if (form === rows && !body.get("item")) return;
    if (form.matches(".of-group") && !body.get("item")) return event.preventDefault();
    event.preventDefault();
    decide(body);
  }
}

function fields(form, submitter) {
  return new URLSearchParams(new FormData(form, submitter));
}

// The next card is there before the answer is: what fails comes back with the reason.
async function decide(body) {
  const ids = body.getAll("item").map((item) => item.split("/")[1]);
  if (ids.every((id) => decided.has(id))) return;
  for (const id of ids) decided.add(id);
  const current = currentId();
  const shown = $("[data-card]", place);
  const all = lines();
  const at = all.findIndex((line) => line.dataset.row === current);
  const taken = ids.map((id) => ({ id, line: lineOf(id), before: lineOf(id)?.nextElementSibling ?? null }));
  const stays = !ids.includes(current);
  const together = grouped();
  const isLeftOver = (line) => together.has(line.dataset.row) && !ids.includes(line.dataset.row);
  const rest = all.filter((line) => !ids.includes(line.dataset.row));
  const next = all.slice(at + 1).find((line) => rest.includes(line)) ?? rest.at(0);
  for (const { id, line } of taken) {
    if (!line) continue;
    $("input", line).checked = false;
    removed.set(id, line);
    line.remove();
  }
  showTicks();
  for (const menu of $$("details.menu[open]")) menu.open = false;
  // What was left out of a group is next, but its card still shows the group until that is decided.
  const waits = next && isLeftOver(next);
  for (const id of together) cards.delete(id);
  const answering = send("decisions", body);
  if (!stays && next && !waits) show(next.dataset.row);
  if (stays && document.activeElement === document.body) shown.focus({ preventScroll: true });
  const answer = await answering;
  if (!answer.ok) {
    for (const id of ids) decided.delete(id);
    for (const { line, before } of taken.reverse()) if (line) putBack(line, before);
    if (!stays && current) {
      cards.set(current, Promise.resolve(shown));
      await show(current);
    }
    say(`Not saved: ${answer.message}`, false);
    return;
  }
  settle(answer);
  if (!stays && !next) location.assign(afterLast(answer));
  else if (!stays && waits) show(next.dataset.row);
  else refresh(taken, stays && ids.some((id) => together.has(id)));
}

// What was decided changes what other cards say: the author's record, the parent, what is left of a group.
async function refresh(taken, redraws) {
  const authors = new Set(taken.map(({ line }) => line?.dataset.author).filter(Boolean));
  const isStale = (line) => authors.has(line.dataset.author) || taken.some(({ id }) => id === line.dataset.parent);
  const stale = lines().filter(isStale).map((line) => line.dataset.row);
  for (const id of stale) cards.delete(id);
  const shown = currentId();
  if (redraws) return void show(shown);
  prefetch();
  if (!stale.includes(shown)) return;
  const fresh = await fetchCard(shown).catch(() => null);
  cards.delete(shown);
  if (!fresh || currentId() !== shown) return;
  for (const part of $$("[data-fresh]", place)) {
    const other = $(`[data-fresh="${part.dataset.fresh}"]`, fresh);
    if (other) part.replaceWith(other);
  }
}

function countGroup(event) {
  if (!event.target.matches("[data-grouped-item]")) return;
  const ticked = $$("[data-grouped-item]:checked", place).length;
  for (const shown of $$("[data-grouped]", place)) shown.textContent = ticked;
}

function afterLast(answer) {
  const query = new URLSearchParams(location.search);
  for (const name of ["comment", "cursor", "done", "late", "gone"]) query.delete(name);
  if (answer.undo.length) query.set("done", answer.undo.join("."));
  if (answer.late.length) query.set("late", answer.late.join("."));
  return `?${query}`;
}

async function undo() {
  if (!undoable.length) return;
  const body = new URLSearchParams({ csrf: $("[name=csrf]").value });
  const only = $("[name=only]")?.value;
  if (only) body.set("only", only);
  for (const id of undoable) body.append("decision", id);
  undoable = [];
  showUndo();
  const answer = await send("reversals", body);
  if (!answer.ok) return say(`Not undone: ${answer.message}`, false);
  settle(answer);
  const back = answer.comments.map(String);
  for (const id of back) {
    decided.delete(id);
    const line = removed.get(id);
    if (line && rows) putBack(line, lines()[0] ?? null);
  }
  if (!rows) location.assign(`?${withComment(back[0])}`);
  else show(back[0]);
}

// A ban decides nothing: the card stays.
async function ban(body) {
  const answer = await send("bans", body);
  if (!answer.ok) return say(`Not banned: ${answer.message}`, false);
  for (const menu of $$("details.menu[open]")) closeAndFocus(menu);
  say(answer.message, false);
}

function putBack(line, before) {
  removed.delete(line.dataset.row);
  $("[data-lines]").insertBefore(line, before?.isConnected ? before : null);
}

// One after the other, so that an undo never overtakes its decision.
function send(path, body) {
  const answer = saving.then(() => sendNow(path, body));
  saving = answer;
  return answer;
}

async function sendNow(path, body) {
  place.dataset.saving = "yes";
  try {
    const answer = await fetch(path, { method: "POST", body, headers: { Accept: "application/json" } });
    const said = await answer.json();
    // What stands before the pages answers with a problem, which has a `detail`.
    return { ...said, ok: answer.ok, message: said.message ?? said.detail ?? said.title };
  } catch {
    return { ok: false, message: "the service could not be reached." };
  } finally {
    delete place.dataset.saving;
  }
}

function settle(answer) {
  for (const [name, count] of Object.entries(answer.counts)) {
    for (const shown of $$(`[data-count="${name}"]`)) shown.textContent = count;
    for (const shown of $$(`[data-count-here="${name}"]`)) shown.textContent = count === "–" ? "0" : count;
  }
  undoable = answer.undo.map(String);
  say(answer.message, undoable.length > 0);
  if (!rows || !currentId()) return;
  hideSeen();
  topUp();
}

function say(message, canUndo) {
  $("p", toast).textContent = message;
  $("form", toast).hidden = !canUndo;
  showUndo();
}

function showUndo() {
  for (const form of $$("[data-undo]")) {
    if (form.closest("[data-toast]")) continue;
    form.hidden = undoable.length === 0;
  }
}

// --- ticking ----------------------------------------------------------------------------------------------

function boxes() {
  return rows ? $$(".line:not([hidden]) [name=item]", rows) : [];
}

function onTick(event) {
  if (event.target.matches("[data-all]")) for (const box of boxes()) box.checked = event.target.checked;
  showTicks();
}

function showTicks() {
  if (!rows) return;
  const ticked = boxes().filter((box) => box.checked).length;
  for (const shown of $$("[data-ticked]", rows)) shown.textContent = ticked || "";
  const all = $("[data-all]", rows);
  all.checked = ticked > 0 && ticked === boxes().length;
  all.indeterminate = ticked > 0 && !all.checked;
}

function untick() {
  const ticked = boxes().filter((box) => box.checked);
  if (!ticked.length) return;
  for (const box of ticked) box.checked = false;
  showTicks();
  $("[data-card]", place)?.focus({ preventScroll: true });
}

function tickNext() {
  const all = boxes();
  if (!all.length) return false;
  const focused = all.indexOf(document.activeElement);
  const at = focused >= 0 ? focused : all.findIndex((box) => !box.checked);
  const box = all[at] ?? all[0];
  box.checked = !box.checked;
  (all[at + 1] ?? box).focus();
  showTicks();
  return true;
}
