// Makes the page live: it works without, by forms and links. It asks for the page and puts in what differs.
"use strict";

const live = document.getElementById("live");
const announce = document.getElementById("announce");
const shown = new Map();
const regions = (root) => root.querySelectorAll("[data-region]");
const SOON = 1000;
const LATEST = 5000;

for (const region of regions(live)) shown.set(region.dataset.region, region.innerHTML);

// Replaces the regions that differ from what the server sent last; the focus stays on its button.
function swap(page) {
  let changed = false;
  for (const fresh of regions(page)) {
    const name = fresh.dataset.region;
    if (shown.get(name) === fresh.innerHTML) continue;
    shown.set(name, fresh.innerHTML);
    const focused = document.activeElement.id;
    live.querySelector(`[data-region="${name}"]`).innerHTML = fresh.innerHTML;
    if (focused && document.activeElement.id !== focused) document.getElementById(focused)?.focus({ preventScroll: true });
    changed = true;
  }
  return changed;
}

function say(words) {
  announce.className = words ? "error" : "hidden";
  if (announce.textContent !== words) announce.textContent = words;
}

// Looks often while something happens, seldom later, never on a hidden page.
let timer = null;
function watch(pause) {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    let next = Math.min(pause * 1.3, LATEST);
    if (!document.hidden) {
      try {
        const answer = await fetch("/", { headers: { accept: "text/html" } });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (answer.ok && swap(page)) next = SOON;
        say("");
      } catch {
        say("ngoma smsc does not answer. What you see may be old; this page looks again by itself.");
        next = LATEST;
      }
    }
    watch(next);
  }, pause);
}

document.addEventListener("visibilitychange", () => document.hidden || watch(100));
document.getElementById("problem")?.focus();
watch(SOON);
