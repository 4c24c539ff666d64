// Drives the page of `ngoma smsc` in Chromium: node smsc.mjs http://127.0.0.1:2776 screenshots/
// The carrier must be fresh, and nobody bound. The last line is `N passed, N failed`; the exit code is 1 when one failed.
import { AxeBuilder } from "@axe-core/playwright";
import { mkdir } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [base, folder = "screenshots"] = process.argv.slice(2);
if (!base) {
  console.error("usage: node smsc.mjs BASE_URL [SCREENSHOT_FOLDER]");
  process.exit(2);
}

const LONGEST_WAIT = 15_000;
const MOST_BYTES = 50_000;
const FLAGS = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

await mkdir(folder, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS.split(" ") });
const state = async () => (await fetch(`${base}/api/state`)).json();
let passed = 0;
let failed = 0;

async function check(name, options, steps) {
  const context = await browser.newContext({ locale: "en-ZA", ...options });
  context.setDefaultTimeout(LONGEST_WAIT);
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => message.type() === "error" && !/status of 4\d\d/.test(message.text()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  try {
    await steps(page);
    if (complaints.length) throw new Error(`the browser complained: ${complaints.join("; ")}`);
    passed += 1;
    console.log(`ok   ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}\n     ${String(error.message).split("\n").join("\n     ")}`);
    await page.screenshot({ path: join(folder, `failed-smsc-${failed}.png`), fullPage: true }).catch(() => {});
  } finally {
    await context.close();
  }
}

function expect(condition, words) {
  if (!condition) throw new Error(words);
}

async function look(page, name) {
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
  const found = violations.map((rule) => `${rule.id} (${rule.nodes.map((node) => node.target.join(" ")).join(", ")})`);
  expect(found.length === 0, `axe: ${found.join("; ")}`);
  const [content, window] = await page.evaluate(() => [document.scrollingElement.scrollWidth, innerWidth]);
  expect(content <= window, `the page is ${content} px wide in a window of ${window} px`);
}

// An ESME that binds, answers what comes, and submits.
async function bind() {
  const [host, port] = (await state()).smpp.split(":");
  const link = connect({ host, port: Number(port) });
  let held = Buffer.alloc(0);
  let sequence = 0;
  const send = (command, number, body) => {
    const header = Buffer.alloc(16);
    [16 + body.length, command, 0, number].forEach((field, place) => header.writeUInt32BE(field, 4 * place));
    link.write(Buffer.concat([header, body]));
  };
  link.on("error", () => {});
  link.on("data", (octets) => {
    held = Buffer.concat([held, octets]);
    while (held.length >= 16 && held.length >= held.readUInt32BE(0)) {
      const [length, command, , number] = [0, 4, 8, 12].map((place) => held.readUInt32BE(place));
      held = held.subarray(length);
      if (command < 0x80000000) send((command | 0x80000000) >>> 0, number, Buffer.alloc(command === 5 ? 1 : 0));
    }
  });
  send(9, ++sequence, Buffer.from("clinic\0drum\0\0\x34\0\0\0", "latin1"));
  const submit = (text) => {
    const octets = Buffer.from(text, "latin1");
    send(4, ++sequence, Buffer.concat([Buffer.from("\0\0\x008864\0\x01\x0127831234567\0\0\0\0\0\0\x01\0\0\0", "latin1"), Buffer.from([octets.length]), octets]));
  };
  return { submit, end: () => link.destroy() };
}

const VIEWS = [360, 1280].flatMap((width) => ["light", "dark"].map((colorScheme) => ({ width, colorScheme })));
const sized = ({ width, colorScheme }) => ({ viewport: { width, height: width < 600 ? 740 : 900 }, colorScheme });

for (const view of VIEWS) {
  await check(`the empty page at ${view.width} px, ${view.colorScheme}`, sized(view), async (page) => {
    await page.goto(base);
    await page.getByText("Nobody is bound").waitFor();
    await look(page, `smsc-${view.width}-${view.colorScheme}-1-empty`);
  });
}

for (const view of VIEWS) {
  await check(`binds and messages appear by themselves at ${view.width} px, ${view.colorScheme}`, sized(view), async (page) => {
    await page.goto(base);
    const esme = await bind();
    await page.getByText("clinic, transceiver").first().waitFor();
    await fetch(`${base}/api/answers`, { method: "POST", body: '{"status":"ESME_RTHROTTLED"}' });
    esme.submit("Too fast");
    esme.submit(`Come on Tuesday at ${view.width} ${view.colorScheme}, and bring your card.`);
    const row = page.locator(".came tr", { hasText: `Tuesday at ${view.width} ${view.colorScheme}` });
    await row.filter({ hasText: "DELIVRD" }).waitFor();
    await look(page, `smsc-${view.width}-${view.colorScheme}-2-full`);
    await page.fill("#text", "JOIN");
    await page.click("#phone button");
    await page.getByText("The message was sent, and taken.").waitFor();
    await page.locator(".links button", { hasText: "Cut" }).first().click();
    await page.getByText("Nobody is bound").waitFor();
    esme.end();
  });
}

for (const javaScriptEnabled of [true, false]) {
  await check(`the behaviour is changed ${javaScriptEnabled ? "with" : "without"} JavaScript, and errors are beside their fields`, { viewport: { width: 360, height: 740 }, javaScriptEnabled }, async (page) => {
    await page.goto(base);
    await page.fill("#latency_ms", "soon");
    await page.fill("#throttle_per_second", "7");
    await page.click("#behaviour button");
    await page.locator("#latency_ms-error", { hasText: "say a number" }).waitFor();
    expect((await page.inputValue("#throttle_per_second")) === "7", "what was typed is kept");
    expect((await page.inputValue("#latency_ms")) === "soon", "what is wrong is kept too");
    if (javaScriptEnabled) await look(page, "smsc-360-error");
    await page.fill("#latency_ms", "20");
    await page.click("#behaviour button");
    await page.getByText("behaves so from now on").waitFor();
    expect((await page.inputValue("#latency_ms")) === "20", "it is shown as it is now");
    await fetch(`${base}/api/behaviour`, { method: "PUT", body: "{}" });
  });
}

await check("a first visit is small", {}, async (page) => {
  const protocol = await page.context().newCDPSession(page);
  let bytes = 0;
  await protocol.send("Network.enable");
  protocol.on("Network.loadingFinished", (event) => (bytes += event.encodedDataLength));
  await page.goto(base, { waitUntil: "load" });
  console.log(`     first visit: ${(bytes / 1000).toFixed(1)} kB`);
  expect(bytes > 0 && bytes <= MOST_BYTES, `${bytes} bytes`);
});

await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
