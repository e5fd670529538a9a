// Sends forms without leaving the page; a refusal keeps what was entered.
import { parsed } from "./page.js";

const address = () => location.pathname + location.search;
let here = address();

const notice = document.getElementById("notice");

export function takeForms(changed) {
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    event.preventDefault();
    const button = event.submitter ?? form.querySelector("button");
    if (button?.getAttribute("aria-busy") === "true") return;
    button?.setAttribute("aria-busy", "true");
    say(form.dataset.wait ?? "", false);
    try {
      const body = new URLSearchParams(new FormData(form));
      await show(await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } }), button?.id);
      changed();
    } catch {
      say("The server does not answer.", true);
    }
    button?.removeAttribute("aria-busy");
  });
}

async function show(answer, pressed) {
  const text = await answer.text();
  if (!answer.headers.get("Content-Type")?.startsWith("text/html")) return say(detail(text), true);
  const page = parsed(text);
  const problem = page.getElementById("problem");
  if (problem) return say(problem.textContent, true);
  say(page.getElementById("notice").textContent, false);
  const there = new URL(answer.url);
  if (answer.redirected && there.pathname === location.pathname) return;  // the news bring what has changed
  if (answer.redirected) {
    there.searchParams.delete("notice");
    there.searchParams.delete("n");
    history.pushState(null, "", there);
    here = address();
  }
  document.title = page.title;
  document.getElementById("main").replaceChildren(...document.importNode(page.getElementById("main"), true).childNodes);
  (document.getElementById(pressed) ?? document.getElementById("main")).focus({ preventScroll: !answer.redirected });
}

function say(text, wrong) {
  notice.textContent = text;
  notice.classList.toggle("wrong", wrong);
}

function detail(text) {
  try { return JSON.parse(text).detail ?? "The server refused that."; } catch { return "The server refused that."; }
}

// Going back leads to a page that was left without loading another; a jump within the page is none of that.
window.addEventListener("popstate", () => { if (address() !== here) location.reload(); });
