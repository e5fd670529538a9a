// Small comforts: lists that act when something is chosen, the meaning of a fault, buttons that copy.

export function dress(root) {
  for (const button of root.querySelectorAll("[data-copy]")) button.hidden = false;
  for (const list of root.querySelectorAll("[data-explain]")) explain(list);
}

function explain(list) {
  const means = list.selectedOptions[0]?.dataset.means;
  if (means) document.getElementById(list.dataset.explain).textContent = means;
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-go]")) event.target.form.requestSubmit();
  if (event.target.matches("[data-explain]")) explain(event.target);
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(source);
    button.textContent = "Selected: copy it by hand";
  }
});
