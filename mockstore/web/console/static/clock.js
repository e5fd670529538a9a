// Lets the mock's clock run on the page, and counts down to what is due on it.

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (number) => String(number).padStart(2, "0");

let shown = null, heard = 0, timer = 0;

export function tick() {
  const clock = document.querySelector("[data-clock]");
  if (!clock) return;
  if (clock.dateTime !== shown) { shown = clock.dateTime; heard = performance.now(); }
  const runs = clock.dataset.clock === "runs";
  const now = Date.parse(shown) + (runs ? performance.now() - heard : 0);
  put(clock, told(new Date(now)));
  for (const due of document.querySelectorAll("[data-due]")) put(due, left(Date.parse(due.dateTime) - now));
  clearTimeout(timer);
  if (runs) timer = setTimeout(tick, 1000 - (now % 1000));
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function told(at) {
  const time = [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()].map(two).join(":");
  return `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}, ${time}`;
}

function left(length) {
  const seconds = Math.ceil(length / 1000);
  if (seconds <= 0) return "due";
  const hours = Math.floor(seconds / 3600), minutes = Math.floor(seconds / 60) % 60, rest = seconds % 60;
  const parts = [hours && `${hours} h`, minutes && `${minutes} min`, rest && `${rest} s`].filter(Boolean);
  return `in ${parts.join(" ")}`;
}
