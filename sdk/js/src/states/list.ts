/** A question with options, laid out for the channel: numbered, in pages that fit, or as buttons or a list. */

import type { QuickReplies } from "../resources/outbound.ts";
import { compose, fits } from "../screen.ts";
import type { Context, Shown } from "../types.ts";
import { isSame, numbered, readNumber, readOption } from "./options.ts";
import type { Option } from "./options.ts";

/** The keys of the lines that turn the page; they are the same on every page, so a page has at most eight options. */
export const MORE_KEY = 9;
export const BACK_KEY = 0;
const MOST_OPTIONS = MORE_KEY - 1;

/** How many buttons or rows WhatsApp shows, how many characters each holds, and how long an id may be. */
const BUTTONS = { most: 3, characters: 20 };
const ROWS = { most: 10, characters: 24 };
const ID_CHARACTERS = 200;
/** The ids of what turns the page. No value of an option is likely to be one, and one that is gives up the buttons. */
const MORE_ID = "ngoma:more";
const BACK_ID = "ngoma:back";

/** A question and its options, in the person's language. */
export interface List<Value extends string> {
  readonly question: string;
  readonly options: readonly Option<Value>[];
  /** What turns the page, and what opens a list on WhatsApp; made only where they are shown. */
  readonly words: (word: "more" | "back" | "choose") => string;
}

/** The options from one index up to another. */
interface Page {
  readonly from: number;
  readonly to: number;
}

/** What an input means: an option, another page, or nothing. */
export type Reading<Value extends string> = { readonly value: Value } | { readonly page: number } | undefined;

/** The numbers of a list's pages. */
export function pagesOf<Value extends string, A>(list: List<Value>, ctx: Context<A>): number[] {
  return [...splitPages(list, ctx).keys()];
}

/** One page. */
export function showPage<Value extends string, A>(
  list: List<Value>,
  ctx: Context<A>,
  page: number,
  error: string | undefined,
): Shown {
  const pages = splitPages(list, ctx);
  const shown = pages[Math.min(page, pages.length - 1)] ?? { from: 0, to: 0 };
  const text = compose(list.question, lines(list, shown), error, ctx.limits);
  // Buttons go with a text that WhatsApp takes over them.
  const quickReplies = ctx.channel === "whatsapp" && fits(text, ctx.limits) ? toReplies(list, shown) : undefined;
  return { text, quickReplies };
}

/** Reads an answer on a page: a number, a label of any page typed out, or the id of a button. */
export function readPage<Value extends string, A>(
  list: List<Value>,
  ctx: Context<A>,
  page: number,
  input: string,
): Reading<Value> {
  const pages = splitPages(list, ctx);
  const number = Math.min(page, pages.length - 1);
  const { from, to } = pages[number] ?? { from: 0, to: 0 };
  const isRich = ctx.channel === "whatsapp";
  const means = (key: number, id: string, word: "more" | "back"): boolean =>
    readNumber(input) === key || (isRich && (input === id || isSame(list.words(word), input)));
  if (number < pages.length - 1 && means(MORE_KEY, MORE_ID, "more")) return { page: number + 1 };
  if (number > 0 && means(BACK_KEY, BACK_ID, "back")) return { page: number - 1 };
  const shown = list.options.slice(from, to);
  const index = readOption(input, shown.map(({ label }) => label));
  const chosen = index === undefined ? typedOut(list, input, isRich) : shown[index];
  return chosen === undefined ? undefined : { value: chosen.value };
}

/** An option of any page, typed out, or the id that a button gave back. */
function typedOut<Value extends string>(list: List<Value>, input: string, isRich: boolean): Option<Value> | undefined {
  const byLabel = list.options.find(({ label }) => isSame(label, input));
  return byLabel ?? (isRich ? list.options.find(({ value }) => idOf(value) === input) : undefined);
}

/** The id of an option's button. A value that is a number would be read as the number of an option. */
function idOf(value: string): string {
  return readNumber(value) === undefined ? value : `ngoma:${value}`;
}

/** The fewest pages that fit, filled from the first; one option to a page even where that is too long. */
function splitPages<Value extends string, A>(list: List<Value>, { limits, channel }: Context<A>): Page[] {
  const end = list.options.length;
  const isGood = (page: Page): boolean => fits([list.question, ...lines(list, page)].join("\n"), limits);
  // A list on WhatsApp has ten rows, so that more options than that are in pages even where their text fits.
  if (isGood({ from: 0, to: end }) && (channel !== "whatsapp" || end <= ROWS.most)) return [{ from: 0, to: end }];
  const pages: Page[] = [];
  for (let from = 0; from < end; from = pages.at(-1)?.to ?? end) {
    let to = Math.min(from + MOST_OPTIONS, end);
    while (to > from + 1 && !isGood({ from, to })) to -= 1;
    pages.push({ from, to });
  }
  return pages;
}

function lines<Value extends string>(list: List<Value>, { from, to }: Page): string[] {
  return [
    ...numbered(list.options.slice(from, to).map(({ label }) => label)),
    ...(to < list.options.length ? [`${MORE_KEY}. ${list.words("more")}`] : []),
    ...(from > 0 ? [`${BACK_KEY}. ${list.words("back")}`] : []),
  ];
}

/** Buttons if they are few and short, else a list; nothing where a label is too long for it, and the text says it all. */
function toReplies<Value extends string>(list: List<Value>, { from, to }: Page): QuickReplies | undefined {
  const choices = [
    ...list.options.slice(from, to).map(({ value, label }) => ({ id: idOf(value), title: label })),
    ...(to < list.options.length ? [{ id: MORE_ID, title: list.words("more") }] : []),
    ...(from > 0 ? [{ id: BACK_ID, title: list.words("back") }] : []),
  ];
  const isGood = ({ most, characters }: typeof BUTTONS): boolean =>
    choices.length > 0 && choices.length <= most && choices.every(({ title }) => isShort(title, characters));
  // WhatsApp refuses two that are alike; two labels that are alike can be told apart by their numbers alone.
  const [ids, titles] = [new Set(choices.map(({ id }) => id)), new Set(choices.map(({ title }) => title))];
  if (Math.min(ids.size, titles.size) < choices.length) return undefined;
  if (choices.some(({ id }) => !isShort(id, ID_CHARACTERS))) return undefined;
  if (isGood(BUTTONS)) return { kind: "buttons", choices };
  if (!isGood(ROWS)) return undefined;
  const button = list.words("choose");
  return { kind: "list", ...(isShort(button, BUTTONS.characters) ? { button } : {}), choices };
}

function isShort(text: string, characters: number): boolean {
  return text.trim() !== "" && [...text].length <= characters;
}
