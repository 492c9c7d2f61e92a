// Keys, the optimistic step to the next card, bulk and undo. Every act here is a form that also works alone.
const KEYS_OFF = "moderate.keys";
const AHEAD = 5; // cards fetched before they are asked for
const TOPPED_UP_BELOW = 8; // rows left when further ones are fetched
const MOST_TICKED = 100; // that one form may decide
const LONGEST_WAIT = 20_000; // milliseconds; a service that is silent for longer counts as away
const BUSY = [429, 503]; // what a service answers that will do better in a while
const AWAY = "the service could not be reached.";
const ON_ITS_WAY = "The next comment is on its way.";
const root = document.documentElement;
const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

const place = $("[data-place]");
const rows = $("[data-rows]");
const toast = $("[data-toast]");
const keysDialog = $("[data-keys]");
const cards = new Map(); // id -> promise of a card's element
const wholeAuthors = new Set(); // those of whom all rows were brought
const decided = new Set(); // ids that were sent; their rows stay where they are, unseen
let undoable = place ? $$("[name=decision]", $("[data-undo]") ?? toast).map((input) => input.value) : [];
let toppingUp; // promise that further rows are here, or of why they are not
let heading; // the card that was asked for and is not here yet: quick steps go on from there
let underway = false; // whether what is on the screen is about to be replaced: nothing is decided unseen
let turn = 0; // counts what was asked for, so that a slow card never replaces a later one
let lacking = ""; // why the card after a decided one is not here
let latest = { undo: [], late: [] }; // the answer to the latest decision
let unsaved = 0; // what was sent, or waits for its turn, and has no answer yet
let saving = Promise.resolve({ ok: true });

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
  if (event.key === "Escape" && !keysDialog.open) leaveSearch(event.target) || untick();
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
  if (!root.classList.contains("keyed") || keysDialog.open || isTyping(event.target)) return;
  if (act(event.key, menu)) event.preventDefault();
}

function isTyping(target) {
  return target.isContentEditable || target.matches("textarea, select, input:not([type=checkbox], [type=radio])");
}

function leaveSearch(field) {
  if (!field.matches("[data-search]")) return false;
  ($("[data-card]") ?? $("#main")).focus({ preventScroll: true });
  return true;
}

function act(key, menu) {
  if (key === "?") return keysDialog.showModal(), true;
  if (key === "/") return $("[data-search]")?.focus(), true;
  if (menu && /^[1-9]$/.test(key)) return press(key, menu);
  if ((key === "ArrowDown" || key === "ArrowUp") && menu) return stepInMenu(menu, key === "ArrowDown" ? 1 : -1);
  if (key === "j" && rows) return step(1);
  if (key === "k" && rows) return step(-1);
  // Its button is hidden until the first decision is saved, and may be pressed before.
  if (key === "u" && place) return undo(), true;
  if (key === "x" && rows) return tickNext();
  // What decides acts on the ticked while there are some: the hints stand on their buttons then.
  const bulk = "ars".includes(key) && rows && $(".bulk", rows);
  return /^[a-z0-9]$/.test(key) && press(key, bulk && bulk.checkVisibility() ? bulk : document);
}

function press(key, within) {
  const target = $$(`[data-key="${key}"]`, within).find((element) => element.checkVisibility());
  if (!target) return false;
  if (underway && target.closest("[data-card]")) return say(ON_ITS_WAY, undoable.length > 0), true;
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
  $("[data-add]", rows).addEventListener("click", addOthers);
  hideSeen();
  prefetch();
}

// Every row that was brought, and those of them that are not decided.
function allLines() {
  return rows ? $$("[data-row]", rows) : [];
}

function lines() {
  return allLines().filter(isLeft);
}

function isLeft(line) {
  return !decided.has(line.dataset.row);
}

function currentId() {
  return $("[data-card]", place)?.dataset.card;
}

function lineOf(id) {
  return allLines().find((line) => line.dataset.row === id);
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
  const from = heading ?? currentId();
  if (by > 0) {
    if (!following(from) && !$("[data-further]") && !decided.has(from)) return false;
    if (heading || !underway) goOn(from);
    return true;
  }
  const before = beyond(from, by).find(isLeft);
  if (before) show(before.dataset.row);
  return Boolean(before);
}

// The rows after a comment's own, nearest first, or before it; it may be decided.
function beyond(id, by) {
  const all = allLines();
  const at = all.findIndex((line) => line.dataset.row === id);
  return by > 0 ? all.slice(at + 1) : all.slice(0, Math.max(0, at)).reverse();
}

// What comes next: after the last one that was skipped comes the first of them again, if nothing further is known.
function following(id) {
  // The rows of a group that is skipped are skipped with it; what was left out of a decided one is next.
  const together = decided.has(id) ? new Set() : grouped();
  const comes = (line) => isLeft(line) && line.dataset.row !== id && !together.has(line.dataset.row);
  return beyond(id, 1).find(comes) ?? ($("[data-further]") ? undefined : allLines().find(comes));
}

// Shows what follows a comment: further rows are waited for, and only an empty queue leaves the page.
async function goOn(from) {
  const mine = begin(from);
  while (!following(from) && $("[data-further]")) {
    const fault = await topUp();
    if (mine !== turn) return;
    if (fault) return missed(undefined, fault);
  }
  const next = following(from);
  // What is being saved may come back, and what was left out of a group is shown with it until it is saved.
  const waits = unsaved > 0 && (!next || grouped().has(next.dataset.row));
  if (waits) return arrive();
  if (next) return show(next.dataset.row);
  arrive();
  if (decided.has(from)) location.assign(afterLast());
}

// Goes on from a decided card that is still on the screen, as there was nothing to go on to.
function goOnAtLast() {
  if (!underway && decided.has(currentId())) goOn(currentId());
}

// What is on the screen is on its way out, so that nothing in it can be pressed or written.
function begin(id) {
  heading = id === currentId() ? undefined : id;
  underway = true;
  $("[data-card]", place)?.toggleAttribute("inert", true);
  place.ariaBusy = "true";
  return ++turn;
}

// There is nothing on its way any more; what was, counts no longer.
function arrive() {
  turn += 1;
  heading = undefined;
  underway = false;
  lacking = "";
  $("[data-card]", place)?.removeAttribute("inert");
  place.ariaBusy = null;
}

function fetchCard(id) {
  if (!cards.has(id)) {
    const query = new URLSearchParams(location.search);
    query.delete("comment");
    const asked = { headers: { "X-Requested-With": "script" }, signal: AbortSignal.timeout(LONGEST_WAIT) };
    const promise = fetch(`cards/${id}?${query}`, asked).then(async (answer) => {
      if (!answer.ok) throw refusal(answer);
      return parsed(await answer.text());
    });
    promise.catch(() => cards.get(id) === promise && cards.delete(id));
    cards.set(id, promise);
  }
  return cards.get(id);
}

function refusal(answer) {
  return Object.assign(new Error(answer.statusText), { status: answer.status });
}

function parsed(html) {
  const card = $("[data-card]", new DOMParser().parseFromString(html, "text/html"));
  localTimes(card);
  return card;
}

function prefetch() {
  const ahead = beyond(currentId(), 1).filter(isLeft).slice(0, AHEAD);
  for (const line of ahead) fetchCard(line.dataset.row);
}

async function show(id) {
  const mine = begin(id);
  let asked, card;
  try {
    // A decision that was saved meanwhile may have changed what it says: it is asked for again then.
    do card = await (asked = fetchCard(id));
    while (mine === turn && cards.get(id) !== asked);
  } catch (fault) {
    if (mine === turn) missed(id, fault);
    return;
  }
  if (mine !== turn) return; // something else was asked for meanwhile
  cards.delete(id);
  const writing = isTyping(document.activeElement);
  place.replaceChildren(card);
  arrive();
  hideSeen();
  showUndo();
  if (!writing) card.focus({ preventScroll: true });
  if (card.getBoundingClientRect().top < 0 || matchMedia("(max-width: 831.98px)").matches) scrollTo(0, 0);
  prefetch();
  topUpWhenFew();
}

// Away or busy is not gone: what is on the screen stays, and the next press tries again.
function missed(id, fault) {
  arrive();
  if (!fault.status || BUSY.includes(fault.status)) {
    lacking = `The next comment did not come: ${whyMissed(fault)} Please try again.`;
    say(lacking, undoable.length > 0);
  } else if (fault.status === 404 && lineOf(id)) {
    lineOf(id).remove(); // erased meanwhile
    goOn(currentId());
  } else {
    // Anything else is said by the page itself.
    location.assign(id ? `?${withComment(id)}` : $("[data-further]").href);
  }
}

function whyMissed(fault) {
  return fault.status ? "the service is busy just now." : AWAY;
}

function withComment(id) {
  const query = new URLSearchParams(location.search);
  for (const name of ["done", "late", "gone"]) query.delete(name);
  query.set("comment", id);
  return query;
}

function hideSeen() {
  const all = allLines();
  const at = all.findIndex((line) => line.dataset.row === currentId());
  const together = grouped();
  all.forEach((line, number) => {
    line.hidden = number <= at || !isLeft(line) || together.has(line.dataset.row);
    // What is not seen is not sent along with the ticked.
    $("[name=item]", line).disabled = line.hidden;
  });
  showTicks();
  const position = $("[data-position]", place);
  const total = $("[data-count-here]")?.textContent;
  if (at < 0 || !total || new URLSearchParams(location.search).get("cursor")) return;
  const number = all.slice(0, at).filter(isLeft).length + 1;
  // What was undone may stand in another queue.
  position.textContent = number > Number(total) ? "" : `${number} of ${total}`;
}

// The ids of the group that the card shows; none when it shows one comment.
function grouped() {
  return new Set($$("[data-grouped-item]", place).map((box) => box.value.split("/")[1]));
}

function topUpWhenFew() {
  if ($("[data-further]") && beyond(currentId(), 1).filter(isLeft).length < TOPPED_UP_BELOW) topUp();
}

// Brings further rows, once however often it is asked; gives what hindered it.
function topUp() {
  toppingUp ??= bringFurther()
    .catch((fault) => fault)
    .finally(() => (toppingUp = undefined));
  return toppingUp;
}

async function bringFurther() {
  const further = $("[data-further]");
  const page = await bringRows(further.href);
  const next = $("[data-further]", page);
  if (next) further.href = next.href;
  else further.remove();
  hideSeen();
  prefetch();
}

// Adds those rows of a queue's page that are not here yet, and gives the page.
async function bringRows(href) {
  const answer = await fetch(href, { signal: AbortSignal.timeout(LONGEST_WAIT) });
  if (!answer.ok) throw refusal(answer);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const known = new Set([...allLines().map((line) => line.dataset.row), currentId()]);
  localTimes(page);
  for (const line of $$("[data-row]", page)) if (!known.has(line.dataset.row)) $("[data-lines]").append(line);
  return page;
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
  if (ids.every((id) => decided.has(id))) return goOnAtLast();
  const current = currentId();
  const shown = $("[data-card]", place);
  const stays = !ids.includes(current);
  const together = grouped();
  const taken = ids.map((id) => ({ id, line: lineOf(id), ticked: lineOf(id) && $("input", lineOf(id)).checked }));
  for (const id of ids) decided.add(id);
  for (const { line, ticked } of taken) if (ticked) $("input", line).checked = false;
  for (const menu of $$("details.menu[open]")) menu.open = false;
  for (const id of together) cards.delete(id);
  hideSeen();
  const answering = send("decisions", () => body);
  if (!stays || document.activeElement === document.body) shown.focus({ preventScroll: true });
  if (!stays) goOn(current);
  const answer = await answering;
  if (!answer.ok) return comeBack(taken, answer.message);
  latest = answer;
  undoable = answer.undo.map(String);
  settle(answer);
  goOnAtLast();
  refresh(taken, stays && ids.some((id) => together.has(id)));
}

// What could not be saved is on the screen still, or comes next: a card that came back under somebody's fingers
// would be decided by the key that was meant for another.
function comeBack(taken, why) {
  for (const { id } of taken) decided.delete(id);
  const current = currentId();
  const isShown = taken.some(({ id }) => id === current);
  if (isShown) arrive();
  for (const { line, ticked } of [...taken].reverse()) {
    if (!line) continue;
    if (ticked) $("input", line).checked = true;
    if (!isShown && beyond(current, -1).includes(line)) lineOf(current).after(line);
  }
  hideSeen();
  prefetch();
  const next = !isShown && taken.length === 1 && taken[0].line;
  const where = next ? ` ${$("bdi", next).textContent}’s comment comes next.` : "";
  say(`Not saved: ${why}${where}`, false);
  if (!isShown && !taken[0].line) show(taken[0].id); // it stood in no list
}

// What was decided changes what other cards say: the author's record, the parent, what is left of a group.
async function refresh(taken, redraws) {
  const authors = new Set(taken.map(({ line }) => line?.dataset.author).filter(Boolean));
  const isStale = (line) => authors.has(line.dataset.author) || taken.some(({ id }) => id === line.dataset.parent);
  const stale = lines().filter(isStale).map((line) => line.dataset.row);
  for (const id of stale) cards.delete(id);
  const shown = currentId();
  if (redraws && !underway) return void show(shown);
  prefetch();
  if (!stale.includes(shown)) return;
  const fresh = await fetchCard(shown).catch(() => null);
  cards.delete(shown);
  if (!fresh || currentId() !== shown) return;
  for (const part of $$("[data-fresh]", place)) {
    const other = $(`[data-fresh="${part.dataset.fresh}"]`, fresh);
    const hadFocus = part.contains(document.activeElement);
    if (other) part.replaceWith(other);
    if (hadFocus) $("[data-card]", place).focus({ preventScroll: true });
  }
}

function countGroup(event) {
  if (!event.target.matches("[data-grouped-item]")) return;
  const ticked = $$("[data-grouped-item]:checked", place).length;
  for (const shown of $$("[data-grouped]", place)) shown.textContent = ticked;
}

function afterLast() {
  const query = new URLSearchParams(location.search);
  for (const name of ["comment", "cursor", "done", "late", "gone"]) query.delete(name);
  if (latest.undo.length) query.set("done", latest.undo.join("."));
  if (latest.late.length) query.set("late", latest.late.join("."));
  return `?${query}`;
}

// Undoes what was decided last, also while that is being saved.
async function undo() {
  const waits = unsaved > 0;
  let wanted = [];
  const answer = await send("reversals", (before) => {
    if (!waits || before.ok) wanted = undoable;
    if (!wanted.length) return undefined;
    undoable = [];
    showUndo();
    const body = new URLSearchParams({ csrf: $("[name=csrf]").value });
    const only = $("[name=only]")?.value;
    if (only) body.set("only", only);
    for (const id of wanted) body.append("decision", id);
    return body;
  });
  if (!wanted.length) return goOnAtLast();
  if (!answer.ok) {
    if (!undoable.length) undoable = wanted;
    say(`Not undone: ${answer.message}`, true);
    return goOnAtLast();
  }
  const back = answer.comments.map(String);
  for (const id of back) decided.delete(id);
  settle(answer);
  if (!rows) location.assign(`?${withComment(back[0])}`);
  else show(back[0]);
}

// A ban decides nothing: the card stays.
async function ban(body) {
  const answer = await send("bans", () => body);
  goOnAtLast();
  if (!answer.ok) return say(`Not banned: ${answer.message}`, false);
  for (const menu of $$("details.menu[open]")) closeAndFocus(menu);
  say(answer.message, false);
}

// One after the other, so that an undo never overtakes its decision; `makeBody` is called when its turn has come,
// with the answer before, and nothing is sent when it makes none.
function send(path, makeBody) {
  unsaved += 1;
  place.dataset.saving = "yes";
  saving = saving.then((before) => sendNow(path, makeBody(before)));
  return saving;
}

async function sendNow(path, body) {
  const asked = { method: "POST", body, headers: { Accept: "application/json" } };
  try {
    if (!body) return { ok: true };
    const answer = await fetch(path, { ...asked, signal: AbortSignal.timeout(LONGEST_WAIT) });
    const said = await answer.json();
    // What stands before the pages answers with a problem, which has a `detail`.
    return { ...said, ok: answer.ok, message: said.message ?? said.detail ?? said.title };
  } catch {
    return { ok: false, message: AWAY };
  } finally {
    unsaved -= 1;
    if (!unsaved) delete place.dataset.saving;
  }
}

function settle(answer) {
  for (const [name, count] of Object.entries(answer.counts)) {
    for (const shown of $$(`[data-count="${name}"]`)) shown.textContent = count;
    for (const shown of $$(`[data-count-here="${name}"]`)) shown.textContent = count === "–" ? "0" : count;
  }
  say([answer.message, lacking].filter(Boolean).join(". "), undoable.length > 0);
  if (!rows || !currentId()) return;
  hideSeen();
  topUpWhenFew();
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
  offerOthers();
}

// Offers to tick what else the author of a ticked row wrote in this queue.
function offerOthers() {
  const ticked = lines().filter((line) => !line.hidden && $("[name=item]", line).checked && line.dataset.author);
  const author = ticked.map((line) => line.dataset.author).find(hasOthers);
  const offer = $("[data-add]", rows);
  offer.hidden = author === undefined;
  if (offer.hidden) return;
  const name = $("bdi", ticked.find((line) => line.dataset.author === author)).textContent;
  const count = others(author).length;
  const all = !$("[data-further]") || wholeAuthors.has(author);
  offer.dataset.add = author;
  offer.textContent = all ? `Add ${count === 1 ? "the other" : `the ${count} others`} by ${name}` : `Add all others by ${name}`;
}

function hasOthers(author) {
  return others(author).length > 0 || ($("[data-further]") !== null && !wholeAuthors.has(author));
}

function others(author) {
  const theirs = lines().filter((line) => !line.hidden && line.dataset.author === author);
  return theirs.filter((line) => !$("[name=item]", line).checked);
}

// Rows of this author that stand further on are brought before.
async function addOthers() {
  const author = $("[data-add]", rows).dataset.add;
  try {
    if ($("[data-further]")) await bringAll(author);
  } catch (fault) {
    return say(`Not added: ${whyMissed(fault)}`, undoable.length > 0);
  }
  const room = MOST_TICKED - boxes().filter((box) => box.checked).length;
  for (const line of others(author).slice(0, room)) $("[name=item]", line).checked = true;
  showTicks();
  boxes().find((box) => box.checked)?.focus();
}

async function bringAll(author) {
  if (wholeAuthors.has(author)) return;
  const query = new URLSearchParams(location.search);
  for (const name of ["comment", "cursor", "done", "late", "gone"]) query.delete(name);
  query.set("author", author);
  let href = `?${query}`;
  for (; href && others(author).length < MOST_TICKED; hideSeen()) href = $("[data-further]", await bringRows(href))?.href;
  if (!href) wholeAuthors.add(author);
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
