// Reads a page anew and puts what is new of it in place. What comes is text that the server has escaped.

const known = new WeakMap();

export const parsed = (text) => new DOMParser().parseFromString(text, "text/html");

export async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (answer.ok) swap(parsed(await answer.text()));
}

// Every part that is marked as live is put in place of the one with its id, if the server says something new in it.
export function swap(fresh) {
  const focused = document.activeElement?.id;
  for (const part of document.querySelectorAll("[data-live]")) {
    const other = fresh.getElementById(part.id);
    if (!other || known.get(part) === other.innerHTML) continue;
    known.set(part, other.innerHTML);
    replace(part, other);
  }
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

function replace(part, other) {
  const open = new Set([...part.querySelectorAll("details[open][id]")].map((one) => one.id));
  part.replaceChildren(...document.importNode(other, true).childNodes);
  for (const one of part.querySelectorAll("details[id]")) if (open.has(one.id)) one.open = true;
  for (const button of part.querySelectorAll("[data-copy]")) button.hidden = false;
}
