// Which evidence lay open before the decision: said with the answer, and nothing else is noted.
const desk = document.getElementById("desk");

function note(part) {
  const said = desk.querySelector("form#decision [name=evidence_opened]");
  const kind = part.dataset.evidence;
  if (said && !said.value.split(" ").includes(kind)) said.value = `${said.value} ${kind}`.trim();
}

function look() {
  for (const part of desk.querySelectorAll("details[data-evidence][open]")) note(part);
}

desk.addEventListener("toggle", (event) => {
  if (event.target.open && event.target.matches("details[data-evidence]")) note(event.target);
}, true);
desk.addEventListener("click", (event) => {
  const asked = event.target.closest("a[data-evidence]");
  if (asked) note(asked);
});
document.addEventListener("htmx:afterSettle", (event) => { if (event.detail.target === desk) look(); });
look();
