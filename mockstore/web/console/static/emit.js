// Keeps the fields of the emit form and the JSON beside them in step: whichever is written in, the other follows.

const READ = {
  text: (text) => text,
  choice: (text) => text,
  number: (text) => (Number.isFinite(Number(text)) ? Number(text) : text),
  flag: (text) => text === "true",
  json: (text) => { try { return JSON.parse(text); } catch { return text; } },
};

export function keepInStep() {
  const form = document.querySelector("form[data-in-step]");
  if (!form || form.dataset.inStep === "yes") return;
  form.dataset.inStep = "yes";
  const json = form.querySelector("#overrides"), says = form.querySelector("#overrides-says");
  const fields = [...form.querySelectorAll("[data-path]")];

  for (const field of fields) {
    field.addEventListener("input", () => {
      const value = current(json.value);
      if (value === null) return;
      forget(value, field.dataset.path);
      if (field.value !== "") value[field.dataset.path] = READ[field.dataset.kind](field.value);
      json.value = Object.keys(value).length ? JSON.stringify(value, null, 2) : "";
      judge(json, says, value);
    });
  }
  json.addEventListener("input", () => {
    const value = current(json.value);
    judge(json, says, value);
    if (value === null) return;
    for (const field of fields) field.value = written(found(value, field.dataset.path));
  });
}

function judge(json, says, value) {
  json.toggleAttribute("aria-invalid", false);
  if (value === null) json.setAttribute("aria-invalid", "true");
  says.textContent = value === null ? "Not a JSON object yet." : "";
}

function current(text) {
  if (!text.trim()) return {};
  try {
    const value = JSON.parse(text);
    return value !== null && typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch { return null; }
}

// A path may stand as one dotted name, or as objects in each other, or as something between.
function found(value, path) {
  if (value === null || typeof value !== "object") return undefined;
  if (Object.hasOwn(value, path)) return value[path];
  for (let dot = path.lastIndexOf("."); dot > 0; dot = path.lastIndexOf(".", dot - 1)) {
    const head = path.slice(0, dot);
    if (Object.hasOwn(value, head)) return found(value[head], path.slice(dot + 1));
  }
  return undefined;
}

function forget(value, path) {
  delete value[path];
  for (let dot = path.lastIndexOf("."); dot > 0; dot = path.lastIndexOf(".", dot - 1)) {
    const inner = value[path.slice(0, dot)];
    if (inner === null || typeof inner !== "object") continue;
    forget(inner, path.slice(dot + 1));
    if (!Array.isArray(inner) && !Object.keys(inner).length) delete value[path.slice(0, dot)];
  }
}

function written(value) {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
