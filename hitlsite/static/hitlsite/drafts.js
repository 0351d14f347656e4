// What is typed is kept in this tab until it is saved, so that no lost server or session loses it.
const desk = document.getElementById("desk");
const PREFIX = "draft:";

const form = () => desk.querySelector("form[data-draft]");
const name = (of) => PREFIX + of.dataset.draft;

function keep() {
  const current = form();
  if (!current) return;
  const entries = [...new FormData(current)].filter(([key]) => key !== "csrfmiddlewaretoken");
  try { sessionStorage.setItem(name(current), JSON.stringify(entries)); } catch { /* Storage may be full or off. */ }
}

function restore() {
  const current = form();
  // What the server sent back with its faults is what was typed.
  if (!current || current.querySelector("[data-fault]")) return;
  let entries;
  try { entries = JSON.parse(sessionStorage.getItem(name(current)) ?? "null"); } catch { return; }
  if (!Array.isArray(entries)) return;
  for (const field of current.elements) {
    if (!field.name || field.name === "csrfmiddlewaretoken" || field.type === "submit") continue;
    const values = entries.filter(([key]) => key === field.name).map(([, value]) => value);
    if (field.type === "radio" || field.type === "checkbox") field.checked = values.includes(field.value);
    else if (values.length) field.value = values[0];
  }
}

let timer;
desk.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(keep, 200); });
addEventListener("pagehide", keep);

// A decision that was saved takes its draft along.
document.addEventListener("htmx:beforeSwap", (event) => {
  const current = form();
  if (event.detail.target === desk && event.detail.xhr.status < 300 && event.detail.requestConfig.verb === "post" && current) {
    clearTimeout(timer);
    sessionStorage.removeItem(name(current));
  }
});
document.addEventListener("htmx:afterSwap", (event) => { if (event.detail.target === desk) restore(); });
restore();
