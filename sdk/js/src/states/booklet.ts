/** A long text, read page by page. */

import { compose, cut, fits } from "../screen.ts";
import type { Limits } from "../screen.ts";
import type { Answers, Common, Context, Next, State, Text } from "../types.ts";
import { BACK_KEY, MORE_KEY } from "./list.ts";
import { NOT_AN_OPTION, readNumber } from "./options.ts";
import { about, follow, say } from "./state.ts";

const DONE_KEY = 1;

/** Shows a text in pages that fit the channel, cut between words. Every page offers to go on to `next`. */
export function booklet<const Name extends string, A = Answers>(
  asked: Common<Name, NoInfer<A>> & {
    readonly text: Text<NoInfer<A>>;
    readonly next: Next<"done", Name, NoInfer<A>>;
    readonly done?: string;
    readonly more?: string;
    readonly back?: string;
  },
): State<NoInfer<Name>, "done", A> {
  const open = async (ctx: Context<A>): Promise<Page[]> => {
    const turning = {
      done: `${DONE_KEY}. ${ctx.t(asked.done ?? "Done")}`,
      more: `${MORE_KEY}. ${ctx.t(asked.more ?? "More")}`,
      back: `${BACK_KEY}. ${ctx.t(asked.back ?? "Back")}`,
    };
    return splitText(await say(asked.text, ctx), turning, ctx.limits);
  };
  return {
    onEnter: asked.onEnter,
    timeout: asked.timeout,
    about: about("booklet", [asked.next], [asked.text, asked.done ?? "Done", NOT_AN_OPTION]),
    async pages(ctx) {
      return [...(await open(ctx)).keys()];
    },
    async show(ctx, visit) {
      const pages = await open(ctx);
      const page = pages[Math.min(visit.page, pages.length - 1)] ?? { body: "", lines: [] };
      return compose(page.body, page.lines, visit.error, ctx.limits);
    },
    async take(input, ctx, visit) {
      const pages = await open(ctx);
      const number = Math.min(visit.page, pages.length - 1);
      const key = readNumber(input);
      if (key === DONE_KEY) return await follow(asked, "done", ctx, visit);
      if (key === MORE_KEY && number < pages.length - 1) return { page: number + 1 };
      if (key === BACK_KEY && number > 0) return { page: number - 1 };
      return { error: ctx.t(NOT_AN_OPTION) };
    },
  };
}

/** The lines under a page. */
interface Turning {
  readonly done: string;
  readonly more: string;
  readonly back: string;
}

/** A part of the text, and the lines under it. */
interface Page {
  readonly body: string;
  readonly lines: readonly string[];
}

/** The pages of a text: each but the last as full as fits. */
function splitText(text: string, turning: Turning, limits: Limits): Page[] {
  const pages: Page[] = [];
  let rest = text.trim();
  for (;;) {
    const back = pages.length > 0 ? [turning.back] : [];
    const last = { body: rest, lines: [turning.done, ...back] };
    if (isGood(last, limits)) return [...pages, last];
    const lines = [turning.done, turning.more, ...back];
    const [body, tail] = cut(rest, (head) => isGood({ body: head, lines }, limits));
    if (tail === "") return [...pages, last];
    pages.push({ body, lines });
    rest = tail;
  }
}

function isGood({ body, lines }: Page, limits: Limits): boolean {
  return fits([body, ...lines].join("\n"), limits);
}
