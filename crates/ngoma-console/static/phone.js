// Makes the phone quicker: the page works without it, by forms and links. It sends the same requests, asks for the
// changing parts only, and puts in what differs.
"use strict";

const phone = document.getElementById("phone");
const announce = document.getElementById("announce");
const shown = new Map();
const byId = (id) => document.getElementById(id);
const GONE = "The server does not answer. What you see may be old; this page looks again by itself.";
const UNREACHABLE = "The server does not answer. Check the connection and try again.";
const regions = (root) => root.querySelectorAll("[data-region]");

// What a region says apart from the running clock.
function essence(region) {
  const copy = region.cloneNode(true);
  copy.querySelector("#timer")?.remove();
  return copy.innerHTML;
}

for (const region of regions(phone)) shown.set(region.dataset.region, essence(region));

function parse(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return holder.content;
}

// Replaces the regions that differ from what the server sent last. What is open, typed and focused stays.
function swap(html, keepTyped) {
  const focused = document.activeElement;
  const open = new Set([...phone.querySelectorAll("details[open]")].map((details) => details.dataset.key));
  let changed = false;
  for (const fresh of regions(parse(html))) {
    const name = fresh.dataset.region;
    const current = phone.querySelector(`[data-region="${name}"]`);
    const says = essence(fresh);
    if (!current || shown.get(name) === says) continue;
    shown.set(name, says);
    const typed = keepTyped ? fieldsOf(current) : [];
    current.innerHTML = fresh.innerHTML;
    for (const [id, value] of typed) if (byId(id)) byId(id).value = value;
    if (name === "thread") showEnd();
    changed = true;
  }
  for (const details of phone.querySelectorAll("details")) details.open ||= open.has(details.dataset.key);
  if (focused && focused.id && !document.contains(focused)) (byId(focused.id) || byId("typed"))?.focus({ preventScroll: true });
  if (changed) settle();
  return changed;
}

const fieldsOf = (region) =>
  [...region.querySelectorAll("input:not([type=hidden]), textarea")].filter((field) => field.id).map((field) => [field.id, field.value]);

function showEnd() {
  const thread = byId("thread");
  if (thread) thread.scrollTop = thread.scrollHeight;
}

// What follows from new content: times in the reader's own zone, the timer's start.
function settle() {
  for (const time of phone.querySelectorAll("time[data-clock]")) {
    const seconds = time.dataset.clock === "seconds" ? "2-digit" : undefined;
    time.textContent = new Date(time.dateTime).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: seconds });
    time.title = time.dateTime;
  }
  const timer = byId("timer");
  call = timer && timer.dataset.seconds ? Date.now() - 1000 * Number(timer.dataset.seconds) : null;
}

let call = null;
setInterval(() => {
  const face = byId("clock");
  if (call === null || !face) return;
  const seconds = Math.floor((Date.now() - call) / 1000);
  const two = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  face.textContent = minutes < 60 ? `${minutes}:${two(seconds % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}, 1000);

let turn = 0;
// How many of the person's requests are under way: a look in between would show their outcome with the old line typed.
let inHand = 0;
// Whether the page has said by itself that the server is gone.
let isAway = false;

// One request of the person's; of two at once only the later one is shown. A request that fails is not repeated: it
// may have arrived.
async function go(url, options) {
  const mine = ++turn;
  inHand += 1;
  isAway = false;
  byId("handset").setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(url, { ...options, headers: { "x-fragment": "phone", accept: "text/html" } });
    const html = await answer.text();
    if (mine !== turn) return;
    if (!html.includes("data-region")) return warn(`The server answered ${answer.status}. Try again.`);
    swap(html, false);
    if (answer.ok) history.replaceState(null, "", answer.url);
    speak();
  } catch {
    warn(UNREACHABLE);
  } finally {
    inHand -= 1;
    byId("handset").removeAttribute("aria-busy");
    watch(1000);
  }
}

// Tells a screen reader what the eye sees: the new screen, or what is wrong with a form.
function speak() {
  const error = phone.querySelector(".error");
  announce.className = "hidden";
  announce.textContent = error ? error.textContent : byId("screen-text").innerText;
  if (error) error.parentElement.querySelector("input, textarea").focus();
}

function warn(words) {
  announce.className = "error";
  announce.textContent = words;
}

function hush() {
  isAway = false;
  announce.className = "hidden";
  announce.textContent = "";
}

function type(text) {
  const input = byId("typed");
  input.value = (input.value + text).slice(0, input.maxLength);
}

phone.addEventListener("submit", (event) => {
  const form = event.target;
  const button = event.submitter;
  event.preventDefault();
  if (button && button.name === "key") return type(button.value);
  const action = (button && button.getAttribute("formaction")) || form.getAttribute("action");
  const fields = new URLSearchParams(new FormData(form));
  if (form.method === "get") go(`${action}?${fields}`, {});
  else go(action, { method: "post", body: fields });
});

phone.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-live], a[data-fill]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const input = byId("typed");
  if (link.dataset.fill) {
    input.value = link.dataset.fill;
    byId("soft-left").focus();
  } else if (link.id === "soft-right" && input.value) {
    input.value = input.value.slice(0, -1);
  } else {
    go(link.href, {});
  }
});

// Digits typed anywhere on the page reach the handset; Escape is the right soft key.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const inField = event.target.closest("input, textarea");
  if (event.key === "Escape" && (!inField || inField.id === "typed")) byId("soft-right").click();
  else if (!inField && /^[0-9*#]$/.test(event.key)) {
    event.preventDefault();
    type(event.key);
    byId("typed").focus();
  }
});

// Looks for what arrives by itself (an SMS, a receipt): often after a turn, seldom later, never on a hidden page.
let timer = null;
function watch(pause) {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    const asked = turn;
    if (!document.hidden && inHand === 0) {
      try {
        const answer = await fetch(location.href, { headers: { "x-fragment": "phone", accept: "text/html" } });
        const html = await answer.text();
        if (answer.ok && asked === turn && swap(html, true)) pause = 1000;
        if (isAway) hush();
      } catch {
        // Taken back when it answers again. What failed for a person before stays said.
        isAway ||= announce.className !== "error";
        if (isAway) warn(GONE);
        pause = 5000;
      }
    }
    if (asked === turn) watch(Math.min(pause * 1.3, 5000));
  }, pause);
}

document.addEventListener("visibilitychange", () => document.hidden || watch(100));
settle();
showEnd();
watch(1000);
