/** A question with options. */

import type { About, Answers, Common, Context, Next, State, Text } from "../types.ts";
import { pagesOf, readPage, showPage } from "./list.ts";
import type { List } from "./list.ts";
import { NOT_AN_OPTION, knownOptions, listOptions } from "./options.ts";
import type { Options } from "./options.ts";
import { about, follow, say } from "./state.ts";

/** What turns the page, and what opens a list, unless told. */
export const WORDS = { more: "More", back: "Back", choose: "Choose" };

/** What a choice asks, but for where its answers lead. */
export interface Asked<Value extends string, Name extends string, A> extends Common<Name, NoInfer<A>> {
  readonly question: Text<NoInfer<A>>;
  readonly options: Options<Value, NoInfer<A>>;
  /** Runs once the answer is kept, before the next state is chosen. */
  readonly onAnswer?: (answer: NoInfer<Value>, ctx: Context<NoInfer<A>>) => void | Promise<void>;
  /** Said when the answer is none of the options. */
  readonly error?: string;
  /** What turns to the next page and back, and what opens a list on WhatsApp. */
  readonly more?: string;
  readonly back?: string;
  readonly choose?: string;
}

/** A choice that leads to one state, or where a function decides. */
export interface Choice<Value extends string, Name extends string, A> extends Asked<Value, Name, A> {
  readonly next: Next<Value, Name, NoInfer<A>>;
}

/** A choice that says for each value where it leads. */
export interface BranchingChoice<Value extends string, Name extends string, A> extends Asked<Value, Name, A> {
  readonly next: Branches<Value, Name>;
}

type Branches<Value extends string, Name extends string> = Readonly<Record<Value, Name>>;

/**
 * Asks a question with options and keeps the option's value. Options are numbered, in as many pages as the channel
 * needs; on WhatsApp they are buttons or a list where they are short and few enough.
 */
export function choice<const Value extends string, const Name extends string, A = Answers>(
  asked: Choice<Value, Name, A>,
): State<NoInfer<Name>, NoInfer<Value>, A>;
export function choice<const Value extends string, const Name extends string, A = Answers>(
  asked: BranchingChoice<Value, Name, A>,
): State<NoInfer<Name>, NoInfer<Value>, A>;
export function choice<Value extends string, Name extends string, A>(
  asked: Choice<Value, Name, A> | BranchingChoice<Value, Name, A>,
): State<NoInfer<Name>, Value, A> {
  return choiceOf("choice", asked);
}

/** Makes a choice under the name of its kind. */
export function choiceOf<Value extends string, Name extends string, A>(
  kind: string,
  asked: Choice<Value, Name, A> | BranchingChoice<Value, Name, A>,
): State<NoInfer<Name>, Value, A> {
  const following = { ...asked, next: chooser(asked.next) };
  return {
    onEnter: asked.onEnter,
    timeout: asked.timeout,
    about: aboutChoice(kind, asked),
    async show(ctx, visit) {
      return showPage(await listOf(asked, ctx), ctx, visit.page, visit.error);
    },
    async pages(ctx) {
      return pagesOf(await listOf(asked, ctx), ctx);
    },
    async take(input, ctx, visit) {
      const read = readPage(await listOf(asked, ctx), ctx, visit.page, input);
      if (read === undefined) return { error: ctx.t(asked.error ?? NOT_AN_OPTION) };
      return "page" in read ? read : await follow(following, read.value, ctx, visit);
    },
  };
}

async function listOf<Value extends string, Name extends string, A>(
  asked: Asked<Value, Name, A>,
  ctx: Context<A>,
): Promise<List<Value>> {
  return {
    question: await say(asked.question, ctx),
    options: await listOptions(asked.options, ctx),
    words: (word) => ctx.t(asked[word] ?? WORDS[word]),
  };
}

function aboutChoice<Value extends string, Name extends string, A>(
  kind: string,
  asked: Choice<Value, Name, A> | BranchingChoice<Value, Name, A>,
): About {
  const options = knownOptions(asked.options);
  const labels = options.filter(({ isName }) => isName !== true).map(({ label }) => label);
  const leads = typeof asked.next === "object" ? Object.values(asked.next) : [asked.next];
  const told = about<A>(kind, leads, [asked.question, ...labels, asked.error ?? NOT_AN_OPTION]);
  return {
    ...told,
    options: options.map(({ value }) => value),
    isComputed: told.isComputed || typeof asked.options === "function",
  };
}

function chooser<Value extends string, Name extends string, A>(
  next: Next<Value, Name, A> | Branches<Value, Name>,
): Next<Value, Name, A> {
  return typeof next === "object" ? (value) => next[value] : next;
}
