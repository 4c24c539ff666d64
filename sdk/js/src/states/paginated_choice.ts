/** A long list of options, split into screens that fit the channel. */

import { compose, fits } from "../screen.ts";
import type { Limits } from "../screen.ts";
import type { Context, State } from "../types.ts";
import type { Choice } from "./choice.ts";
import { NOT_AN_OPTION, listOptions, numbered, readNumber, readOption } from "./options.ts";
import type { Option } from "./options.ts";
import { follow, say } from "./state.ts";

/** The keys of the lines that turn the page; they are the same on every page, so a page has at most eight options. */
export const MORE_KEY = 9;
export const BACK_KEY = 0;
const MOST_OPTIONS = MORE_KEY - 1;

/** Asks a question with any number of options, some to a page. */
export function paginatedChoice<Value extends string, const Name extends string>(
  asked: Choice<Value, Name> & { readonly more?: string; readonly back?: string },
): State<Name> {
  const list = async (ctx: Context): Promise<List<Value>> => ({
    question: await say(asked.question, ctx),
    options: await listOptions(asked.options, ctx),
    more: `${MORE_KEY}. ${ctx.t(asked.more ?? "More")}`,
    back: `${BACK_KEY}. ${ctx.t(asked.back ?? "Back")}`,
  });
  return {
    onEnter: asked.onEnter,
    async show(ctx, visit) {
      const whole = await list(ctx);
      const pages = splitPages(whole, ctx.limits);
      const page = pages[Math.min(visit.page, pages.length - 1)] ?? { from: 0, to: 0 };
      return compose(whole.question, lines(whole, page), visit.error, ctx.limits);
    },
    async take(input, ctx, visit) {
      const whole = await list(ctx);
      const pages = splitPages(whole, ctx.limits);
      const number = Math.min(visit.page, pages.length - 1);
      const page = pages[number] ?? { from: 0, to: 0 };
      const key = readNumber(input);
      if (key === MORE_KEY && number < pages.length - 1) return { page: number + 1 };
      if (key === BACK_KEY && number > 0) return { page: number - 1 };
      const shown = whole.options.slice(page.from, page.to);
      const index = readOption(input, shown.map(({ label }) => label));
      const chosen = index === undefined ? typedOut(input, whole.options) : shown[index];
      if (chosen === undefined) return { error: ctx.t(asked.error ?? NOT_AN_OPTION) };
      return await follow(asked, chosen.value, ctx, visit);
    },
  };
}

interface List<Value extends string> {
  readonly question: string;
  readonly options: readonly Option<Value>[];
  readonly more: string;
  readonly back: string;
}

/** The options from one index up to another. */
interface Page {
  readonly from: number;
  readonly to: number;
}

/** The fewest pages that fit, filled from the first; one option to a page even where that is too long. */
function splitPages<Value extends string>(list: List<Value>, limits: Limits): Page[] {
  const end = list.options.length;
  const isGood = (page: Page): boolean => fits([list.question, ...lines(list, page)].join("\n"), limits);
  if (isGood({ from: 0, to: end })) return [{ from: 0, to: end }];
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
    ...(to < list.options.length ? [list.more] : []),
    ...(from > 0 ? [list.back] : []),
  ];
}

/** An option of any page, typed out. */
function typedOut<Value extends string>(input: string, options: readonly Option<Value>[]): Option<Value> | undefined {
  return options.find(({ label }) => label.toLowerCase() === input.toLowerCase());
}
