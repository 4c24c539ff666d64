/** Where a person is in a form: answering, checking, or choosing what to change. */

import { cut, fits } from "../../screen.ts";
import type { Context, Shown, Visit } from "../../types.ts";
import { WORDS } from "../choice.ts";
import { readPage, showPage } from "../list.ts";
import type { List } from "../list.ts";
import { NOT_AN_OPTION, numbered } from "../options.ts";
import { say } from "../state.ts";
import type { Fields, Form } from "./field.ts";
import { answerOf, forget, tell } from "./question.ts";
import type { Question } from "./question.ts";

/** The texts of a form around its questions. */
type Words<A> = Pick<Form<Fields<A>, string, A>, "confirm" | "yes" | "change" | "which">;

/** What an input led to: another page, or a word on what was wrong. */
type Taken = { readonly page: number } | { readonly error: string };

/** What a person is doing in a form: answering a question, checking all of them, or choosing the one to change. */
type Doing = number | "checking" | "choosing";

/** Where a person is in a form, and on which page of that. */
interface Spot {
  readonly doing: Doing;
  readonly page: number;
}

/**
 * A visit has one number for its page. It holds a spot: hundreds are what is done, ones are the page of it, and 0 is a
 * form just entered.
 */
const STRIDE = 100;

/** The questions of a form, and where a person is among them. */
export class Sheet<A> {
  readonly #words: Words<A>;
  readonly #questions: readonly Question<A>[];

  constructor(words: Words<A>, questions: readonly Question<A>[]) {
    this.#words = words;
    this.#questions = questions;
  }

  async show(ctx: Context<A>, visit: Visit): Promise<string | Shown> {
    const { doing, page } = this.#read(visit.page, ctx);
    if (doing === "checking") return showPage(await this.#check(ctx, page), ctx, 0, visit.error);
    if (doing === "choosing") return showPage(await this.#choose(ctx), ctx, page, visit.error);
    const question = this.#questions[doing] as Question<A>;
    return await question.state.show(ctx, { ...visit, name: question.name, page });
  }

  async take(input: string, ctx: Context<A>, visit: Visit): Promise<Taken | "done"> {
    const { doing, page } = this.#read(visit.page, ctx);
    if (doing === "checking") return await this.#takeCheck(input, ctx, page);
    if (doing === "choosing") return await this.#takeChoice(input, ctx, page);
    const { name, state } = this.#questions[doing] as Question<A>;
    const outcome = (await state.take?.(input, ctx, { ...visit, name, page })) ?? { page };
    if ("error" in outcome) return outcome;
    if ("page" in outcome) return this.#at(doing, outcome.page);
    const open = this.#firstOpen(ctx);
    if (open !== undefined) return this.#at(open);
    return this.#words.confirm === false ? "done" : this.#at("checking");
  }

  /** Every page there is, for who looks at them all. */
  async pages(ctx: Context<A>): Promise<number[]> {
    const pages: number[] = [];
    for (const [index, { state }] of this.#questions.entries()) {
      const own = (await state.pages?.(ctx)) ?? [0];
      pages.push(...own.map((page) => this.#at(index, page).page));
    }
    return this.#words.confirm === false ? pages : [...pages, this.#at("checking").page, this.#at("choosing").page];
  }

  async #takeCheck(input: string, ctx: Context<A>, page: number): Promise<Taken | "done"> {
    const read = readPage(await this.#check(ctx, page), ctx, 0, input);
    if (read === undefined || "page" in read) return { error: ctx.t(NOT_AN_OPTION) };
    if (read.value === "yes") return "done";
    if (read.value !== "change") return this.#at("checking", read.value === "more" ? page + 1 : page - 1);
    return this.#questions.length === 1 ? this.#at(0) : this.#at("choosing");
  }

  async #takeChoice(input: string, ctx: Context<A>, page: number): Promise<Taken> {
    const read = readPage(await this.#choose(ctx), ctx, page, input);
    if (read === undefined) return { error: ctx.t(NOT_AN_OPTION) };
    if ("page" in read) return this.#at("choosing", read.page);
    return this.#at(this.#questions.findIndex(({ name }) => name === read.value));
  }

  #at(doing: Doing, page = 0): { page: number } {
    const most = this.#questions.length;
    const index = doing === "checking" ? most : doing === "choosing" ? most + 1 : doing;
    return { page: (index + 1) * STRIDE + Math.min(page, STRIDE - 1) };
  }

  #read(at: number, ctx: Context<A>): Spot {
    const index = Math.floor(at / STRIDE) - 1;
    const page = at % STRIDE;
    if (index < 0) return { doing: this.#firstOpen(ctx) ?? "checking", page: 0 };
    if (index < this.#questions.length) return { doing: index, page };
    return { doing: index === this.#questions.length ? "checking" : "choosing", page };
  }

  /** The first question that is to be answered and is not; what is not asked any more is forgotten. */
  #firstOpen(ctx: Context<A>): number | undefined {
    const asked = this.#questions.map(({ name, field }) => {
      const isAsked = field.when?.(ctx) ?? true;
      if (!isAsked) forget(ctx, name);
      return isAsked && answerOf(ctx, name) === undefined;
    });
    const index = asked.indexOf(true);
    return index < 0 ? undefined : index;
  }

  #asked(ctx: Context<A>): readonly Question<A>[] {
    return this.#questions.filter(({ field }) => field.when?.(ctx) ?? true);
  }

  async #choose(ctx: Context<A>): Promise<List<string>> {
    return {
      question: await say(this.#words.which ?? "What would you like to change?", ctx),
      options: this.#asked(ctx).map(({ name, field }) => ({ value: name, label: ctx.t(field.label ?? name) })),
      words: (word) => ctx.t(WORDS[word]),
    };
  }

  /** The answers, as many to a page as fit over the options. */
  async #check(ctx: Context<A>, page: number): Promise<List<CheckOption>> {
    const head = await say(this.#words.confirm || "Please check:", ctx);
    const usual = { yes: ctx.t(this.#words.yes ?? "Confirm"), change: ctx.t(this.#words.change ?? "Change") };
    const answers = await Promise.all(this.#asked(ctx).map((question) => tell(question, ctx)));
    const isGood = (lines: readonly string[], labels: readonly string[]): boolean =>
      fits([head, ...lines, ...numbered(labels)].join("\n"), ctx.limits);
    // What turns the page is asked for only where it is needed, so that others need no translation of it.
    const turning = isGood(answers, Object.values(usual)) ? [] : [ctx.t(WORDS.more), ctx.t(WORDS.back)];
    const groups = inGroups(answers, (group) => isGood(group, [...Object.values(usual), ...turning]));
    const shown = Math.min(page, groups.length - 1);
    return {
      question: [head, ...(groups[shown] ?? [])].join("\n"),
      options: [
        { value: "yes", label: usual.yes },
        { value: "change", label: usual.change },
        ...(shown < groups.length - 1 ? [{ value: "more", label: turning[0] ?? "" } as const] : []),
        ...(shown > 0 ? [{ value: "back", label: turning[1] ?? "" } as const] : []),
      ],
      words: (word) => ctx.t(WORDS[word]),
    };
  }
}

/** What can be done with the answers. */
type CheckOption = "yes" | "change" | "more" | "back";

/** As many lines to a group as are good. A line that is too long by itself loses its end. */
function inGroups(lines: readonly string[], isGood: (group: readonly string[]) => boolean): string[][] {
  const groups: string[][] = [];
  for (const line of lines) {
    const group = groups.at(-1);
    if (group !== undefined && isGood([...group, line])) group.push(line);
    else groups.push([isGood([line]) ? line : shorten(line, (short) => isGood([short]))]);
  }
  return groups;
}

function shorten(line: string, isGood: (short: string) => boolean): string {
  return `${cut(line, (head) => isGood(`${head}...`))[0]}...`;
}
