// Lists of choices: digits for the first nine that are seen, and a filter where there are many.
const desk = document.getElementById("desk");
const TYPED = "textarea, select, input:not([type=radio], [type=checkbox], [type=submit], [type=button])";

const options = (group) => [...group.querySelectorAll(".option:not(.other)")];
const shown = (group) => options(group).filter((option) => !option.hidden);

function number(group) {
  const seen = shown(group);
  for (const option of options(group)) {
    const key = option.querySelector("kbd");
    const place = seen.indexOf(option);
    if (key) key.textContent = place >= 0 && place < 9 ? String(place + 1) : "";
  }
}

const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/[_-]+/g, " ");

function filter(group, field) {
  const words = plain(field.value).split(/\s+/).filter(Boolean);
  for (const option of options(group)) {
    const name = plain(option.querySelector("input").value);
    option.hidden = !words.every((word) => name.includes(word));
  }
  group.querySelector(".options").scrollTop = 0;
  group.querySelector("[data-found]").textContent = words.length ? `${shown(group).length} / ${options(group).length}` : "";
  number(group);
}

function prepare() {
  for (const group of desk.querySelectorAll("[data-digits]")) {
    number(group);
    const row = group.querySelector(".filter");
    if (row) row.hidden = false;
    const chosen = group.querySelector(".option:has(:checked)");
    if (chosen) group.querySelector(".options")?.scrollTo(0, chosen.offsetTop - group.querySelector(".options").offsetTop - 60);
  }
}

function choose(option) {
  const input = option.querySelector("input");
  if (input.type === "radio") input.checked = true;
  else input.checked = !input.checked;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  input.focus();
  if (input.type === "radio") advance();
}

// After an answer comes the reason, where one is asked for and none is given yet.
function advance() {
  const reasons = desk.querySelector("#reasons");
  if (reasons && visible(reasons) && !reasons.querySelector(":checked")) reasons.querySelector("input")?.focus();
}

desk.addEventListener("input", (event) => {
  const group = event.target.closest("[data-digits]");
  if (event.target.matches("[data-find]")) filter(group, event.target);
  if (event.target.matches("[data-other]") && event.target.value) {
    const radio = event.target.closest(".other").querySelector("[type=radio]");
    if (radio) radio.checked = true;
  }
});

// "None of these" and a choice exclude one another.
desk.addEventListener("change", (event) => {
  const box = event.target;
  if (box.type !== "checkbox" || !box.checked) return;
  const group = box.closest(".choices");
  for (const other of group?.querySelectorAll("[type=checkbox]") ?? []) {
    if (other.hasAttribute("data-none") !== box.hasAttribute("data-none")) other.checked = false;
  }
});

desk.addEventListener("keydown", (event) => {
  if (!event.target.matches("[data-find]")) return;
  const group = event.target.closest("[data-digits]");
  if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    if (shown(group).length) choose(shown(group)[0]);
  } else if (event.key === "ArrowDown") {
    event.preventDefault();
    shown(group)[0]?.querySelector("input").focus();
  }
});

function visible(element) { return element.checkVisibility?.() ?? element.offsetParent !== null; }

function groupOfDigits() {
  const here = document.activeElement?.closest?.("[data-digits]");
  if (here) return here;
  const seen = [...desk.querySelectorAll("[data-digits]")].find(visible);
  if (seen) return seen;
  const correct = desk.querySelector("[name=verdict][value=correct]");
  if (!correct || desk.querySelector("[name=verdict]:checked")) return null;
  correct.checked = true;
  correct.dispatchEvent(new Event("change", { bubbles: true }));
  return [...desk.querySelectorAll("[data-digits]")].find(visible);
}

document.addEventListener("keydown", (event) => {
  if (!/^[1-9]$/.test(event.key) || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.matches?.(TYPED) || document.querySelector("dialog[open]")) return;
  if (document.getElementById("keys-off")?.checked) return;
  const group = groupOfDigits();
  const option = group && shown(group)[Number(event.key) - 1];
  if (!option) return;
  event.preventDefault();
  choose(option);
});

document.addEventListener("htmx:afterSwap", (event) => { if (event.detail.target === desk) prepare(); });
prepare();
