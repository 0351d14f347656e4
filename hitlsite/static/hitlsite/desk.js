// What the page does by itself: focus after each swap, words of clocks, the lease, what went wrong.
const desk = document.getElementById("desk");
const toasts = document.getElementById("toasts");
const MINUTE = 60, HOUR = 3600, DAY = 86400;
const RECENTLY = 2 * MINUTE * 1000;
let lastUse = Date.now();

for (const kind of ["keydown", "pointerdown", "wheel", "touchstart"]) {
  addEventListener(kind, () => { lastUse = Date.now(); }, { passive: true });
}

function place() {
  const fault = desk.querySelector("[data-invalid]");
  const target = fault?.matches("fieldset")
    ? fault.querySelector("input:not([hidden])") ?? fault
    : fault ?? desk.querySelector("[data-start]");
  target?.focus({ preventScroll: !fault });
  if (!fault) scrollTo(0, 0);
}

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target === desk) {
    remember();
    tick();
    place();
  }
});
// A screen reader should hear of the new item once, by its heading.
addEventListener("DOMContentLoaded", place);
if (document.readyState !== "loading" && desk.querySelector("[data-invalid]")) place();

function say(text) {
  const toast = document.createElement("div");
  toast.className = "toast bad";
  toast.textContent = text;
  toasts.replaceChildren(toast);
}

document.addEventListener("htmx:sendError", () => say(toasts.dataset.offline));
document.addEventListener("htmx:timeout", () => say(toasts.dataset.offline));
document.addEventListener("htmx:responseError", (event) => {
  const id = event.detail.xhr.getResponseHeader("X-Request-ID");
  say(`${toasts.dataset.failed}${id ? ` (${id})` : ""}`);
});

// Clocks count in words, without a live region, so that nobody is told each minute.
// They are written as the server writes them, so that nothing moves when the script takes over.
const units = (desk.dataset.units ?? "%s d|%s h|%s m|under 1 m").split("|");
function span(seconds) {
  const parts = [Math.floor(seconds / DAY), Math.floor((seconds % DAY) / HOUR), Math.floor((seconds % HOUR) / MINUTE)];
  const largest = parts.findIndex((number) => number);
  if (largest < 0) return units[3];
  return parts.map((number, place) => number && units[place].replace("%s", number)).slice(largest, largest + 2).filter(Boolean).join(" ");
}
// Working time since the page was made: only the seconds that lie in the hours it came with.
const skews = new WeakMap();
function counted(clock) {
  const made = Number(clock.dataset.at);
  if (!skews.has(clock)) skews.set(clock, made - Date.now() / 1000);
  const now = Date.now() / 1000 + skews.get(clock);
  const hours = clock.dataset.hours.split(" ").filter(Boolean).map((pair) => pair.split("-").map(Number));
  return hours.reduce((sum, [start, end]) => sum + Math.max(0, Math.min(end, now) - Math.max(start, made)), 0);
}
function tick() {
  for (const clock of document.querySelectorAll("time[data-until]")) {
    const left = (Date.parse(clock.dataset.until) - Date.now()) / 1000;
    const words = (left < 0 ? clock.dataset.over : clock.dataset.left).replace("%s", span(Math.abs(left)));
    const shown = clock.querySelector("[data-words]");
    if (clock.dataset.ticked && shown.textContent !== words) shown.textContent = words;
    clock.dataset.ticked = "1";
    clock.classList.toggle("late", left < 0);
  }
  for (const clock of document.querySelectorAll("time[data-hours]")) {
    const left = Number(clock.dataset.left) - counted(clock);
    const words = (left < 0 ? clock.dataset.over : clock.dataset.timeLeft).replace("%s", span(Math.abs(left)));
    const shown = clock.querySelector("[data-words]");
    if (shown.textContent !== words) shown.textContent = words;
    if (left < 0) clock.closest(".clock").classList.add("late");
  }
}
setInterval(tick, 30_000);

// The lease is renewed while the page is in use; left alone, it lapses, after a warning.
let lease = null;
function remember() {
  const form = desk.querySelector("form[data-lease]");
  lease = form && { form, ends: Date.now() + 1000 * Number(form.dataset.leaseSeconds), whole: 1000 * Number(form.dataset.leaseSeconds), warned: false };
  for (const part of desk.querySelectorAll("details[data-remember]")) {
    const kept = read(`open:${part.dataset.remember}`);
    if (kept) part.open = kept === "1";
    part.addEventListener("toggle", () => write(`open:${part.dataset.remember}`, part.open ? "1" : "0"));
  }
}
function read(name) { try { return localStorage.getItem(name); } catch { return null; } }
function write(name, value) { try { localStorage.setItem(name, value); } catch { /* Storage may be off. */ } }

async function keep() {
  if (!lease || !lease.form.isConnected) return;
  const left = lease.ends - Date.now();
  const used = Date.now() - lastUse < RECENTLY && document.visibilityState === "visible";
  if (used && left < Math.max(lease.whole / 2, 3 * MINUTE * 1000)) await renew();
  else if (left < 2 * MINUTE * 1000 && !lease.warned) {
    lease.warned = true;
    say(left > 0 ? lease.form.dataset.lapsing : lease.form.dataset.lapsed);
  }
}
async function renew() {
  const current = lease;
  const token = current.form.querySelector("[name=csrfmiddlewaretoken]").value;
  const asked = Date.now();
  try {
    const answer = await fetch(current.form.dataset.extend, { method: "POST", headers: { "X-CSRFToken": token, Accept: "application/json" } });
    if (answer.ok) {
      const ends = Date.parse((await answer.json()).lease_expires_at);
      current.whole = Math.max(ends - asked, MINUTE * 1000);
      current.ends = ends;
      current.warned = false;
      const clock = desk.querySelector("[data-lease-clock] time");
      if (clock) clock.dataset.until = new Date(ends).toISOString();
      tick();
    } else if (answer.status === 409 && !current.warned) {
      current.warned = true;
      say(current.form.dataset.lapsed);
    }
  } catch { /* The next round tries again. */ }
}
setInterval(keep, 30_000);

for (const opener of document.querySelectorAll("[data-opens]")) {
  opener.addEventListener("click", () => document.getElementById(opener.dataset.opens).showModal());
}
remember();
tick();
