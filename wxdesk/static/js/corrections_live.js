// A correction while it moves: asks for the page again and changes what is shown, node by node.
//
// What the pointer or the focus is on stays where it is: a list or a row of buttons below it gets
// new texts at once, but nothing in it comes, goes or changes places until the pointer leaves.
const EVERY_MS = 2000;
const SHARE = 10; // a slow page is asked for less often: a tenth of the time at most
const TIMEOUT_MS = 10_000;
const LOST_AFTER_MS = 12_000;
const SAID_EVERY_MS = 15_000; // a screen reader is not interrupted more often, but for a new state

const root = document.documentElement;
const at = (id) => document.getElementById(id);
const PARTS = ["progress", "beginning", "doubtful-count", "people-states", "people-rows"];
const about = at("progress").dataset;
const mouse = matchMedia("(hover: hover)");
const key = (node) => node.dataset?.key || node.id || "";

let pointer = null;
let isWaiting = false; // something is held back under the pointer
let isMoving = "moves" in about;
let lastNews = Date.now();
let lastSaid = Date.now();
let timer = 0;

/** A mouse rests on it, or the keyboard's focus is in it. */
const isHeld = (node) => (mouse.matches && node.matches(":hover")) || node.contains(document.activeElement);

function morphAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !(name === "open" && old.localName === "dialog") && name !== "style") old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

function isAlike(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) return false;
  return old.nodeType !== Node.ELEMENT_NODE || key(old) === key(fresh);
}

/** Children with a key are moved, added and taken away; those that stay keep their nodes. */
function morphList(old, fresh) {
  const known = new Map([...old.children].map((child) => [key(child), child]));
  const wanted = [...fresh.children];
  for (const child of wanted) if (known.has(key(child))) morph(known.get(key(child)), child);
  const isSame = wanted.length === known.size && wanted.every((child, n) => key(child) === key(old.children[n]));
  if (isSame) return;
  if (isHeld(old)) {
    isWaiting = true;
    return;
  }
  old.replaceChildren(...wanted.map((child) => known.get(key(child)) ?? child));
}

function morph(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.textContent = fresh.textContent;
    return;
  }
  morphAttributes(old, fresh);
  const children = [...fresh.children, ...old.children];
  if (children.length && children.every(key)) {
    morphList(old, fresh);
    return;
  }
  const [now, then] = [[...old.childNodes], [...fresh.childNodes]];
  if (now.length === then.length && now.every((child, n) => isAlike(child, then[n]))) {
    now.forEach((child, n) => morph(child, then[n]));
  } else if (isHeld(old)) {
    isWaiting = true;
  } else {
    old.replaceChildren(...then);
  }
}

/** What must not move: the element below the mouse, or the one with the focus. */
function anchor() {
  const below = mouse.matches && pointer ? document.elementFromPoint(pointer.x, pointer.y) : null;
  const chosen = below?.closest("main *") ? below : document.activeElement;
  return chosen && chosen !== document.body ? chosen : null;
}

/** Above it the page may grow or shrink: it is scrolled, or keeps an empty space, by as much. */
function show(fresh) {
  const kept = anchor();
  const progress = at("progress");
  progress.style.minHeight = "";
  const before = kept?.getBoundingClientRect().top;
  const height = progress.offsetHeight;
  isWaiting = false;
  for (const id of PARTS) morph(at(id), fresh.getElementById(id));
  if (!kept?.isConnected) return;
  if (progress.offsetHeight < height && !progress.contains(kept)) progress.style.minHeight = `${height}px`;
  const moved = kept.getBoundingClientRect().top - before;
  if (Math.abs(moved) >= 1) scrollBy({ top: moved, behavior: "instant" });
}

function tell(stateBefore) {
  const isNew = about.state !== stateBefore;
  if (!isNew && isMoving && Date.now() - lastSaid < SAID_EVERY_MS) return;
  if (at("fix-news").textContent === about.news) return;
  at("fix-news").textContent = about.news;
  lastSaid = Date.now();
}

async function look() {
  try {
    const answer = await fetch(about.address, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (answer.ok && !answer.redirected) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const { state } = about;
      show(fresh);
      isMoving = "moves" in about;
      tell(state);
      lastNews = Date.now();
    }
  } catch {
    // away: the page says so
  }
  at("fix-lost").hidden = Date.now() - lastNews <= LOST_AFTER_MS;
}

async function watch() {
  clearTimeout(timer);
  const begun = Date.now();
  if (!document.hidden) await look();
  clearTimeout(timer);
  if (isMoving || isWaiting) timer = setTimeout(watch, Math.max(EVERY_MS, (Date.now() - begun) * SHARE));
}

if (isMoving) {
  root.style.overflowAnchor = "none"; // we keep the place ourselves
  timer = setTimeout(watch, EVERY_MS);
  document.addEventListener("pointermove", (event) => {
    pointer = { x: event.clientX, y: event.clientY };
  });
  document.addEventListener("pointerout", (event) => {
    const isLeft = PARTS.some((id) => at(id).contains(event.target) && !at(id).contains(event.relatedTarget));
    if (isLeft && isWaiting && !document.hidden) watch();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && (isMoving || isWaiting)) watch();
  });
}
