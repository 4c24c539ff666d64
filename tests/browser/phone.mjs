// Drives the phone page in Chromium as a person would: node phone.mjs http://127.0.0.1:8000 screenshots/
// The server must be a fresh `ngoma demo`. The last line is `N passed, N failed`; the exit code is 1 when one failed.
import { AxeBuilder } from "@axe-core/playwright";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [base, folder = "screenshots"] = process.argv.slice(2);
if (!base) {
  console.error("usage: node phone.mjs BASE_URL [SCREENSHOT_FOLDER]");
  process.exit(2);
}

const CODE = "*120*8864#";
const LONGEST_WAIT = 15_000;
const MOST_BYTES = 100_000;
const FLAGS = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

await mkdir(folder, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: FLAGS.split(" "),
});
let passed = 0;
let failed = 0;
// Every check is a new person, so that the checks may run twice against one server.
let person = Date.now() % 10_000_000;

async function check(name, options, steps) {
  const context = await browser.newContext({ locale: "en-ZA", ...options });
  context.setDefaultTimeout(LONGEST_WAIT);
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => message.type() === "error" && !/status of 4\d\d|ERR_FAILED/.test(message.text()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  try {
    person = (person + 1) % 10_000_000;
    const number = `+2782${String(person).padStart(7, "0")}`;
    await steps(page, `${base}/phone?from=${encodeURIComponent(number)}`, context);
    if (complaints.length) throw new Error(`the browser complained: ${complaints.join("; ")}`);
    passed += 1;
    console.log(`ok   ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}\n     ${String(error.message).split("\n").join("\n     ")}`);
    await page.screenshot({ path: join(folder, `failed-${failed}.png`), fullPage: true }).catch(() => {});
  } finally {
    await context.close();
  }
}

function expect(condition, words) {
  if (!condition) throw new Error(words);
}

const screen = (page) => page.locator("#screen-text").innerText();
const flat = (text) => text.replace(/\s+/g, " ");

async function expectScreen(page, words) {
  const shown = page.locator("#screen-text", { hasText: words });
  await shown.waitFor().catch(async () => {
    throw new Error(`the screen should say “${words}” and says “${flat(await screen(page))}”`);
  });
}

async function expectSms(page, words) {
  await page.locator(".thread li", { hasText: words }).first().waitFor();
}

async function gallery(page, name) {
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

async function expectAccessible(page, state) {
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
  const found = violations.map((rule) => `${rule.id} (${rule.nodes.map((node) => node.target.join(" ")).join(", ")})`);
  expect(found.length === 0, `axe on ${state}: ${found.join("; ")}`);
}

async function expectFits(page) {
  const [content, window] = await page.evaluate(() => [document.scrollingElement.scrollWidth, innerWidth]);
  expect(content <= window, `the page is ${content} px wide in a window of ${window} px`);
  const [end, height] = await page.evaluate(() => [document.querySelector(".site-foot").getBoundingClientRect().bottom + scrollY, document.scrollingElement.scrollHeight]);
  expect(height - end < 2 || height <= (await page.viewportSize()).height, `${Math.round(height - end)} px of nothing are below the foot`);
}

// The ways a person may answer: with keys only, or by clicking, which is also the way without JavaScript.
const byKeyboard = async (page, text) => {
  await page.waitForFunction(() => document.activeElement.id === "typed");
  await page.keyboard.type(text);
  await page.keyboard.press("Enter");
};
const byClicking = async (page, text) => {
  await page.fill("#typed", text);
  await page.click("#soft-left");
};

const example = async (page) => /(\d[^.]*\d)\.?\s*$/.exec(flat(await screen(page)).split(/example/)[1] ?? "")?.[1] ?? "";

async function register(page, answer, name) {
  await answer(page, CODE);
  await expectScreen(page, "Your language?");
  await answer(page, "1");
  await expectScreen(page, "Do you agree?");
  await answer(page, "1");
  await expectScreen(page, "When is your baby due?");
  const due = await example(page);
  expect(due, "the due date's screen gives an example");
  await answer(page, "one day");
  await expectScreen(page, "could not read that date");
  await answer(page, due);
  await expectScreen(page, "Which clinic");
  expect(/\d+ of (182 GSM|80 UCS-2) characters/.test(await page.locator(".meter").innerText()), "the screen's length is shown");
  if (name) await gallery(page, `${name}-2-open`);
  await answer(page, "1");
  await expectScreen(page, "Please check");
  await answer(page, "1");
  await expectScreen(page, "you are registered");
  await expectScreen(page, "Session ended");
}

const VIEWS = [360, 900, 1280].flatMap((width) => ["light", "dark"].map((colorScheme) => ({ width, colorScheme })));

for (const { width, colorScheme } of VIEWS) {
  const name = `phone-${width}-${colorScheme}`;
  const options = { viewport: { width, height: width < 600 ? 740 : 900 }, colorScheme };
  await check(`a registration by keyboard at ${width} px, ${colorScheme}`, options, async (page, url) => {
    await page.goto(url);
    await expectScreen(page, CODE);
    await expectAccessible(page, "the empty phone");
    await gallery(page, `${name}-1-empty`);
    await register(page, byKeyboard, name);
    await expectSms(page, "you are registered");
    await page.locator(".thread .marks", { hasText: "delivered" }).first().waitFor();
    expect(/GSM.*segment/.test(flat(await page.locator(".thread li").first().innerText())), "the SMS shows its encoding and segments");
    await page.locator(".trace summary").nth(1).click();
    await expectAccessible(page, "the phone after a registration");
    await expectFits(page);
    await gallery(page, `${name}-3-registered`);
  });
}

for (const width of [360, 1280]) {
  const options = { viewport: { width, height: 740 }, javaScriptEnabled: false };
  await check(`a registration without JavaScript at ${width} px`, options, async (page, url) => {
    await page.goto(url);
    await page.click(".code");
    expect((await page.inputValue("#typed")) === CODE, "the code is filled in");
    await page.click("#soft-left");
    await expectScreen(page, "Your language?");
    await page.click("#soft-right");
    await expectScreen(page, "You hung up");
    await page.click("#soft-right");
    await register(page, byClicking);
    await page.waitForLoadState();
    for (let looks = 0; looks < 40 && (await page.locator(".thread li").count()) === 0; looks += 1) await page.reload();
    await expectSms(page, "you are registered");
    await expectFits(page);
    await gallery(page, `phone-${width}-without-javascript`);
  });
}

await check("the keypad dials without JavaScript", { javaScriptEnabled: false }, async (page, url) => {
  await page.goto(url);
  for (const key of CODE) await page.click(`.key[value="${key}"]`);
  expect((await page.inputValue("#typed")) === CODE, "the keys are in the line");
  await page.click("#soft-left");
  await expectScreen(page, "Your language?");
});

await check("the keypad dials, and the right soft key takes back", {}, async (page, url) => {
  await page.goto(url);
  for (const key of `${CODE}1`) await page.click(`.key[value="${key}"]`);
  await page.click("#soft-right");
  expect((await page.inputValue("#typed")) === CODE, "one key was taken back");
  await page.click("#soft-left");
  await expectScreen(page, "Your language?");
  expect(await page.evaluate(() => document.activeElement.id === "soft-left"), "the focus stays on the key");
});

await check("hanging up half-way and dialling again offers to go on", {}, async (page, url) => {
  await page.goto(url);
  await byKeyboard(page, CODE);
  await expectScreen(page, "Your language?");
  await byKeyboard(page, "1");
  await expectScreen(page, "Do you agree?");
  await page.keyboard.press("Escape");
  await expectScreen(page, "You hung up");
  await byKeyboard(page, CODE);
  await expectScreen(page, "You have not finished");
  await byKeyboard(page, "1");
  await expectScreen(page, "Do you agree?");
});

await check("a reload shows the same screen and thread", {}, async (page, url) => {
  await page.goto(url);
  await byKeyboard(page, CODE);
  await expectScreen(page, "Your language?");
  await page.fill("#sms-content", "HELLO");
  await page.click("#sms-send");
  await expectSms(page, "HELLO");
  await page.reload();
  await expectScreen(page, "Your language?");
  await expectSms(page, "HELLO");
});

await check("a long thread scrolls by itself", { viewport: { width: 360, height: 740 } }, async (page, url) => {
  await page.goto(url);
  for (let sent = 1; sent <= 6; sent += 1) {
    await page.fill("#sms-content", `Text ${sent}`);
    await page.click("#sms-send");
    await expectSms(page, `Text ${sent}`);
  }
  await expectFits(page);
});

await check("a national number is the same handset", {}, async (page) => {
  await page.goto(`${base}/phone?from=082${String(person).padStart(7, "0")}`);
  expect((await page.inputValue("#from")).startsWith("+2782"), "the number is read with the channel's country");
  await byClicking(page, CODE);
  await expectScreen(page, "Your language?");
});

await check("a server that is gone is told, and that it is back", {}, async (page, url, context) => {
  await page.goto(url);
  await context.route("**/phone?**", (route) => route.abort());
  await page.locator("#announce.error", { hasText: "may be old" }).waitFor();
  await context.unroute("**/phone?**");
  await page.waitForFunction(() => document.getElementById("announce").textContent === "");
});

await check("a server that does not answer is told in words, and nothing typed is lost", {}, async (page, url, context) => {
  await page.goto(url);
  await context.route("**/phone/dial", (route) => route.abort());
  await page.fill("#typed", CODE);
  await page.click("#soft-left");
  await page.locator("#announce.error", { hasText: "does not answer" }).waitFor();
  expect((await page.inputValue("#typed")) === CODE, "the code is still in the line");
  await context.unroute("**/phone/dial");
  await page.click("#soft-left");
  await expectScreen(page, "Your language?");
});

await check("a lost signal leaves the handset without a session", {}, async (page, url) => {
  await page.goto(url);
  await byKeyboard(page, CODE);
  await expectScreen(page, "Your language?");
  await page.click("#lose");
  await expectScreen(page, "No signal");
  await expectAccessible(page, "the phone without signal");
  await gallery(page, "phone-lost");
  await page.click("#soft-left");
  await page.waitForSelector('[data-state="open"]');
});

await check("an unknown code is the phone's own error", {}, async (page, url) => {
  await page.goto(url);
  await byKeyboard(page, "*999#");
  await expectScreen(page, "Connection problem or invalid MMI code");
  await expectAccessible(page, "the failed call");
  await gallery(page, "phone-unknown-code");
});

await check("an empty SMS is refused beside its field", {}, async (page, url) => {
  await page.goto(url);
  await page.click("#sms-send");
  await page.locator("#sms-content-error", { hasText: "empty" }).waitFor();
  expect(await page.evaluate(() => document.activeElement.id === "sms-content"), "the focus is on the field");
  await expectAccessible(page, "the SMS form with an error");
});

await check("every control is reached by Tab and shows its focus", {}, async (page, url) => {
  await page.goto(url);
  await page.evaluate(() => document.activeElement.blur());
  const reached = new Set();
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press("Tab");
    const [id, outline] = await page.evaluate(() => {
      const element = document.activeElement;
      return [element.id || element.className || element.tagName, getComputedStyle(element).outlineStyle];
    });
    if (id === "BODY") continue;
    expect(outline !== "none", `${id} shows no focus`);
    reached.add(id);
  }
  for (const id of ["skip", "typed", "soft-left", "soft-right", "key-1", "key-hash", "from", "sms-to", "sms-content", "sms-send"]) {
    expect(reached.has(id), `${id} is not reached`);
  }
});

await check("the colours can be chosen and stay", { colorScheme: "light" }, async (page, url) => {
  await page.goto(url);
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.click('.switch [value="dark"]');
  await page.waitForSelector('html[data-theme="dark"]');
  expect(page.url() === url, "the reader stays on the page");
  expect((await ground()) !== light, "the ground is dark");
});

await check(`the first visit transfers at most ${MOST_BYTES / 1000} kB`, {}, async (page, url, context) => {
  const protocol = await context.newCDPSession(page);
  let bytes = 0;
  await protocol.send("Network.enable");
  protocol.on("Network.loadingFinished", (event) => (bytes += event.encodedDataLength));
  await page.goto(url, { waitUntil: "load" });
  console.log(`     first visit: ${(bytes / 1000).toFixed(1)} kB`);
  expect(bytes > 0 && bytes <= MOST_BYTES, `${bytes} bytes`);
});

await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
