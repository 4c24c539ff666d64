/** One step of a dialogue: a message in, a screen out, and where the person now stands. */

import { StepContext } from "./context.ts";
import { noteEntered } from "./coverage.ts";
import { secondsOf } from "./duration.ts";
import { personKey, readPerson } from "./person.ts";
import type { Manner, Person, Place } from "./person.ts";
import { kv } from "./resources/kv.ts";
import { log } from "./resources/log.ts";
import { metrics } from "./resources/metrics.ts";
import { outbound } from "./resources/outbound.ts";
import type { QuickReplies } from "./resources/outbound.ts";
import { offerScreen, readOffer } from "./resume.ts";
import { fits, measure } from "./screen.ts";
import type { Definition } from "./service.ts";
import type { InboundMessage, Shown, State, Timeout } from "./types.ts";

/** How long a dialogue waits where nothing is said. */
const USUAL_HOURS = 72;
/** The most messages without a translation that one line of the log names. */
const MOST_NAMED = 20;

/** A screen, what made it, and whether the dialogue ends with it. */
interface Screen {
  readonly of: string;
  readonly text: string;
  readonly quickReplies?: QuickReplies | undefined;
  readonly isLast: boolean;
}

/** What one step works with. */
interface Step {
  readonly definition: Definition;
  readonly person: Person;
  readonly ctx: StepContext;
  readonly manner: Manner;
}

/** Answers one message: reads the person, makes the screen, and hands both the new state and the reply to the step. */
export async function answerMessage(definition: Definition, message: InboundMessage): Promise<void> {
  // The state is already stored; the next dial finds it.
  if (message.session_event === "close") return;
  const address = message.from_addr;
  if (address === null) return await log.warning(`message ${message.message_id} is from nobody: not answered`);

  const key = personKey(definition.name, address);
  const stored = await kv.get(key);
  const person = readPerson(stored);
  if (stored !== null && person !== stored) await log.warning("the stored person is of another version: not read");
  const ctx = await StepContext.open(definition, person, address, message);
  const manner = message.session_event === null ? "texts" : "session";
  const screen = await takeTurn({ definition, person, ctx, manner });

  if (manner === "session" && !fits(screen.text, ctx.limits)) await warnOfLength(screen);
  if (ctx.missing.size > 0) await tellOfMissing(ctx);
  const isForgotten = ctx.isForgotten && screen.isLast;
  await Promise.all([
    isForgotten ? kv.delete(key) : kv.set(key, person),
    outbound.reply(message.message_id, screen.text, !screen.isLast, screen.quickReplies),
    ...ctx.counts.map((metric) => metrics.count(metric)),
  ]);
}

/** Decides what a message is: an answer to the open dialogue, or a person who comes. */
async function takeTurn(step: Step): Promise<Screen> {
  const { message } = step.ctx;
  const place = openPlace(step);
  if (place === undefined) return await begin(step);
  const timeout = timeoutOf(step, place);
  if (now() - place.since > timeout.seconds) return await giveUp(step, timeout.next);
  if (isArrival(step, place)) return await welcomeBack(step, place);
  const input = (message.content ?? "").trim();
  if (place.isOffered === true) return await takeOffer(step, place, input);
  if (input === "") return await show(step, place);
  return await takeInput(step, place, input);
}

/** Where the dialogue stands, unless it is over, or in a state that the service no longer has. */
function openPlace({ definition, person }: Step): Place | undefined {
  const place = person.at;
  return place !== undefined && Object.hasOwn(definition.states, place.state) ? place : undefined;
}

/** How long the dialogue waits in a place, and where it goes then; it begins anew where nothing is said. */
function timeoutOf(step: Step, place: Place): { seconds: number; next?: string } {
  const { timeout: usual, resume } = step.definition;
  const timeout: Timeout | undefined = stateNamed(step, place.state).timeout ?? usual;
  if (timeout === undefined) return { seconds: (resume?.hours ?? USUAL_HOURS) * 3600 };
  if (typeof timeout === "string") return { seconds: secondsOf(timeout) };
  return { seconds: secondsOf(timeout.after), next: timeout.next };
}

/** The dialogue waited too long. A state to go to still knows the answers. */
async function giveUp(step: Step, next: string | undefined): Promise<Screen> {
  return next === undefined ? await begin(step) : await enter(step, next);
}

/** A dial, a text with a start word, or a text from a person who was in a session or on another channel before. */
function isArrival({ definition, ctx, manner }: Step, place: Place): boolean {
  if (ctx.message.session_event === "new") return true;
  if (manner === "session") return false;
  if (place.manner === "session" || (place.channel ?? ctx.channel) !== ctx.channel) return true;
  const word = (ctx.message.content ?? "").trim().toLowerCase();
  return (definition.startWords ?? []).some((start) => start.toLowerCase() === word);
}

async function begin(step: Step): Promise<Screen> {
  step.person.answers = {};
  delete step.person.variants;
  const { start } = step.definition;
  return await enter(step, typeof start === "function" ? await start(step.ctx) : start);
}

async function welcomeBack(step: Step, place: Place): Promise<Screen> {
  const mode = step.definition.resume?.mode ?? "offer";
  const isBarelyBegun = Object.keys(step.person.answers).length === 0 && place.page === 0;
  if (mode === "restart" || isBarelyBegun) return await begin(step);
  if (mode === "continue") return await show(step, place);
  return await offer(step, place);
}

async function offer(step: Step, place: Place, isWrong = false): Promise<Screen> {
  step.person.at = { ...placeNow(step, place), isOffered: true };
  const shown = await offerScreen(step.definition.resume, step.ctx, isWrong);
  return { of: "the offer to go on", ...shown, isLast: false };
}

async function takeOffer(step: Step, place: Place, input: string): Promise<Screen> {
  const answer = await readOffer(step.definition.resume, step.ctx, input);
  if (answer === "goOn") return await show(step, place);
  if (answer === "startAgain") return await begin(step);
  return await offer(step, place, input !== "");
}

async function takeInput(step: Step, place: Place, input: string): Promise<Screen> {
  const outcome = await stateNamed(step, place.state).take?.(input, step.ctx, { name: place.state, page: place.page });
  if (outcome === undefined) return await begin(step);
  if ("next" in outcome) return await enter(step, outcome.next);
  if ("page" in outcome) return await show(step, { ...place, page: outcome.page });
  return await show(step, place, outcome.error);
}

async function enter(step: Step, name: string): Promise<Screen> {
  const state = stateNamed(step, name);
  await state.onEnter?.(step.ctx);
  return await show(step, placeNow(step, { state: name, page: 0 }));
}

/** Makes the screen of a place and stores the place; a state that takes no input is the end. */
async function show(step: Step, place: Place, error?: string): Promise<Screen> {
  const state = stateNamed(step, place.state);
  noteEntered(place.state);
  const visit = { name: place.state, page: place.page, ...(error === undefined ? {} : { error }) };
  const shown: Shown = asShown(await state.show(step.ctx, visit));
  const isLast = state.take === undefined;
  if (isLast) delete step.person.at;
  else step.person.at = placeNow(step, place);
  return { of: `the state "${place.state}"`, ...shown, isLast };
}

/** A place as the person is in it from now on. */
function placeNow({ manner, ctx }: Step, { state, page }: Pick<Place, "state" | "page">): Place {
  return { state, page, manner, channel: ctx.channel, since: now() };
}

function asShown(shown: string | Shown): Shown {
  return typeof shown === "string" ? { text: shown } : shown;
}

function stateNamed({ definition }: Step, name: string): State {
  const state = Object.hasOwn(definition.states, name) ? definition.states[name] : undefined;
  if (state === undefined) throw new Error(`the service ${definition.name} has no state "${name}"`);
  return state;
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

async function warnOfLength(screen: Screen): Promise<void> {
  const { encoding, length } = measure(screen.text);
  const unit = encoding === "gsm" ? "septets" : "UCS-2 units";
  await log.warning(`the screen of ${screen.of} takes ${length} ${unit}, more than the channel shows`);
}

/** One line for the author, however many texts a step is without. */
async function tellOfMissing({ missing, language }: StepContext): Promise<void> {
  const named = [...missing].slice(0, MOST_NAMED).map((message) => JSON.stringify(message));
  const more = missing.size > MOST_NAMED ? ` and ${missing.size - MOST_NAMED} more` : "";
  await log.info(`no translation into ${language}: ${named.join(", ")}${more}`);
}
