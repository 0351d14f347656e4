// Single keys act where nothing is typed; `data-key` on a control names its key.
const OFF = "keys-off";
const desk = document.getElementById("desk");
const box = document.getElementById("keys-off");
const TYPED = "textarea, select, input:not([type=radio], [type=checkbox], [type=submit], [type=button])";

function off() { try { return localStorage.getItem(OFF) === "1"; } catch { return box?.checked ?? false; } }
if (box) {
  box.checked = off();
  box.addEventListener("change", () => { try { localStorage.setItem(OFF, box.checked ? "1" : "0"); } catch { /* Storage may be off. */ } });
}

const form = () => desk.querySelector("#decision");

function firstOpen() {
  for (const entry of form()?.querySelectorAll(".checklist fieldset") ?? []) {
    if (!entry.querySelector(":checked")) return entry.querySelector("input");
  }
  return null;
}

function missing(button) {
  const needs = (button.dataset.needs ?? "").split(" ");
  if (needs.includes("checklist") && firstOpen()) return firstOpen();
  const rationale = form()?.querySelector("#rationale");
  return needs.includes("rationale") && rationale && !rationale.value.trim() ? rationale : null;
}

// Accept saves at once when nothing is asked for; else it leads to what is.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[data-needs]");
  const lacking = button && missing(button);
  if (lacking) {
    event.preventDefault();
    lacking.focus();
  }
});

function visible(element) { return element.checkVisibility?.() ?? element.offsetParent !== null; }

function follow(radio) {
  const then = desk.querySelector(radio.dataset.then ?? "#none");
  const inside = then?.matches("input, textarea") ? then : [...(then?.querySelectorAll("[data-find], :checked, input, textarea") ?? [])].find(visible);
  inside?.focus();
}

function press(control) {
  if (control.matches("[type=radio]")) {
    control.checked = true;
    control.dispatchEvent(new Event("change", { bubbles: true }));
    follow(control);
  } else if (control.matches("textarea, input")) control.focus();
  else control.click();
}

function leave(field) {
  const heading = desk.querySelector("[data-start]");
  field.blur();
  heading?.focus({ preventScroll: true });
}

function save() {
  const current = form();
  current?.requestSubmit(current.querySelector("[data-save]"));
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
  const typing = event.target.matches?.(TYPED);
  if (event.key === "Escape" && (typing || desk.contains(document.activeElement))) return leave(event.target);
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    return save();
  }
  if (typing || off() || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key === "c" && firstOpen()) {
    event.preventDefault();
    return firstOpen().focus();
  }
  if (event.key.length !== 1 || event.key === " ") return;
  const name = CSS.escape(event.key.toLowerCase());
  // The undo of the last decision works while its list is closed.
  const control = [...document.querySelectorAll(`[data-key="${name}"]`)].find((found) => visible(found) || found.closest(".recent"));
  if (control) {
    event.preventDefault();
    press(control);
  }
});
