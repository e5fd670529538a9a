// Follows the stream of news and reads the page anew when there is some. A page that nobody sees lets go of it.
import { refresh } from "./page.js";

const AGAIN_MS = 5000;

export function follow(refreshed) {
  const address = new URL(document.body.dataset.stream, location.href);
  const says = document.getElementById("connection");
  let stream = null, later = 0, busy = false, more = false;

  const say = (text) => { if (says.textContent !== text) says.textContent = text; };

  async function read() {
    if (busy) { more = true; return; }
    busy = true;
    try {
      do { more = false; await refresh(); refreshed(); } while (more);
    } catch { say("The server does not answer."); }
    busy = false;
  }

  function open() {
    clearTimeout(later);
    stream?.close();
    stream = new EventSource(address);
    stream.onopen = () => { say("Live: what happens shows by itself."); document.documentElement.dataset.live = "yes"; };
    stream.addEventListener("news", (event) => { address.searchParams.set("since", event.data); read(); });
    stream.onerror = () => {
      say("The connection was lost; trying again.");
      document.documentElement.dataset.live = "no";
      if (stream.readyState === EventSource.CLOSED) later = setTimeout(open, AGAIN_MS);
    };
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { clearTimeout(later); stream?.close(); } else { open(); }
  });
  window.addEventListener("pagehide", () => stream?.close());
  open();
}
