/** A question answered in the person's own words. */

import { compose } from "../screen.ts";
import type { Answers, Common, State, Text } from "../types.ts";
import type { Check } from "../validate.ts";
import { about, follow, say } from "./state.ts";
import type { Following } from "./state.ts";

/** Asks a question; `check` refuses what is not good and may change what is kept. */
export function text<const Name extends string, A = Answers>(
  asked: Following<string, Name, NoInfer<A>> &
    Common<Name, NoInfer<A>> & { readonly question: Text<NoInfer<A>>; readonly check?: Check<NoInfer<A>> },
): State<NoInfer<Name>, string, A> {
  return {
    onEnter: asked.onEnter,
    timeout: asked.timeout,
    about: about("text", [asked.next], [asked.question, ...(asked.check?.texts ?? [])]),
    async show(ctx, visit) {
      return compose(await say(asked.question, ctx), [], visit.error, ctx.limits);
    },
    async take(input, ctx, visit) {
      const verdict = asked.check === undefined ? { value: input } : await asked.check(input, ctx);
      if ("problem" in verdict) return { error: ctx.t(verdict.problem, verdict.values) };
      return await follow(asked, verdict.value, ctx, visit);
    },
  };
}
