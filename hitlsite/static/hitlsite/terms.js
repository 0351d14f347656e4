// What a word of the glossary means, beside the word: under the pointer, at the focus, after a tap.
// Without this the word is a link to its place in the list, which is what this shows a copy of.
const SHOW = 150, HIDE = 250, GAP = 6, EDGE = 8;
const tip = document.createElement("div");
tip.className = "explains meaning";
tip.setAttribute("role", "tooltip");
tip.setAttribute("popover", "manual");
document.body.append(tip);

let word = null;      // whose meaning is shown
let next = null;      // whose is about to be
let dismissed = null; // whose was closed with Escape: not again before it is left
let timer = 0;

const wordAt = (node) => node?.closest?.("[data-term]");
const focused = (found) => found.matches(":focus-visible") || Boolean(found.querySelector(":focus-visible"));
const used = (found) => found.matches(":hover") || focused(found);

function fill(found) {
  const entry = document.getElementById(`meaning-${found.dataset.term}`);
  if (!entry) return false;
  const name = document.createElement("p");
  name.className = "name";
  name.append(document.getElementById(`term-${found.dataset.term}`).querySelector("dfn").firstElementChild.cloneNode(true));
  const parts = [...entry.children].map((part) => part.cloneNode(true));
  // Nothing in it can be reached by keyboard, so nothing in it is a link.
  for (const part of parts) for (const link of part.querySelectorAll("a")) link.replaceWith(...link.childNodes);
  tip.replaceChildren(name, ...parts);
  return true;
}

function place() {
  if (!word) return;
  if (!word.isConnected) return hide();
  const at = word.getClientRects()[0] ?? word.getBoundingClientRect();
  const box = tip.getBoundingClientRect();
  const below = at.bottom + GAP;
  const fits = below + box.height + EDGE <= innerHeight || at.top < box.height + GAP + EDGE;
  const left = Math.max(EDGE, Math.min(at.left, document.documentElement.clientWidth - box.width - EDGE));
  tip.style.setProperty("left", `${left}px`);
  tip.style.setProperty("top", `${fits ? below : at.top - GAP - box.height}px`);
}

function show(found) {
  clearTimeout(timer);
  next = null;
  if (found === dismissed || (found === word && tip.matches(":popover-open")) || !fill(found)) return;
  word = found;
  if (!tip.matches(":popover-open")) tip.showPopover();
  place();
}
function hide() {
  clearTimeout(timer);
  word = next = null;
  if (tip.matches(":popover-open")) tip.hidePopover();
}
function soon(act, delay) {
  clearTimeout(timer);
  timer = setTimeout(act, delay);
}
function leave() {
  soon(() => { if (word && !used(word) && !tip.matches(":hover")) hide(); }, HIDE);
}

if (tip.showPopover) {
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const found = wordAt(event.target);
    if (found && found !== next) {
      next = found;
      soon(() => show(found), SHOW);
    } else if (tip.contains(event.target)) clearTimeout(timer);
  });
  document.addEventListener("pointerout", (event) => {
    const found = wordAt(event.target) ?? (tip.contains(event.target) ? tip : null);
    if (!found || found.contains(event.relatedTarget)) return;
    if (found === dismissed) dismissed = null;
    next = null;
    leave();
  });
  document.addEventListener("focusin", (event) => {
    const found = wordAt(event.target);
    if (found && focused(found)) show(found);
    else if (word && !word.contains(event.target)) leave();
  });
  document.addEventListener("focusout", (event) => {
    const found = wordAt(event.target);
    if (found && found === dismissed && !found.contains(event.relatedTarget)) dismissed = null;
    if (found) leave();
  });
  // A tap shows the meaning; a second one, a click and Enter follow the link to the list.
  let touched = false, before = null;
  document.addEventListener("pointerdown", (event) => {
    touched = event.pointerType === "touch";
    before = word;
    if (word && !word.contains(event.target) && !tip.contains(event.target)) hide();
  });
  document.addEventListener("click", (event) => {
    const found = wordAt(event.target);
    if (!found) return;
    if (touched && found !== before) {
      if (found.matches("a")) event.preventDefault();
      dismissed = null;
      show(found);
    } else if (found.matches("a")) {
      hide();
      document.getElementById(`term-${found.dataset.term}`)?.closest("details")?.setAttribute("open", "");
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !word) return;
    event.preventDefault();
    event.stopPropagation();
    dismissed = word;
    hide();
  }, true);
  document.addEventListener("scroll", place, { capture: true, passive: true });
  addEventListener("resize", place);
  document.addEventListener("htmx:beforeSwap", hide);
}
