/** A question answered in the person's own words. */

import { compose } from "../screen.ts";
import type { State, Text } from "../types.ts";
import type { Check } from "../validate.ts";
import { follow, say } from "./state.ts";
import type { Following } from "./state.ts";

/** Asks a question; `check` refuses what is not good and may change what is kept. */
export function text<const Name extends string>(
  asked: Following<string, Name> & {
    readonly question: Text;
    readonly check?: Check;
    readonly onEnter?: State["onEnter"];
  },
): State<Name> {
  return {
    onEnter: asked.onEnter,
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
