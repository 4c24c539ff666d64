/** A question answered by a number. */

import { compose } from "../screen.ts";
import type { Next, State, Text } from "../types.ts";
import { NOT_AN_OPTION, listOptions, numbered, readOption } from "./options.ts";
import type { Options } from "./options.ts";
import { follow, say } from "./state.ts";
import type { Following } from "./state.ts";

/** What a choice asks. */
export interface Choice<Value extends string, Name extends string> extends Following<Value, Name> {
  readonly question: Text;
  readonly options: Options<Value>;
  readonly onEnter?: State["onEnter"];
  /** Said when the answer is none of the options. */
  readonly error?: string;
}

/** A choice that says for each value where it leads. */
export type BranchingChoice<Value extends string, Name extends string> = Omit<Choice<Value, Name>, "next"> & {
  readonly next: Branches<Value, Name>;
};

type Branches<Value extends string, Name extends string> = Readonly<Record<Value, Name>>;

/** Asks a question with numbered options; keeps the option's value. */
export function choice<Value extends string, const Name extends string>(asked: Choice<Value, Name>): State<Name>;
export function choice<Value extends string, const Name extends string>(asked: BranchingChoice<Value, Name>): State<Name>;
export function choice<Value extends string, Name extends string>(
  asked: Choice<Value, Name> | BranchingChoice<Value, Name>,
): State<Name> {
  const following = { ...asked, next: chooser(asked.next) };
  return {
    onEnter: asked.onEnter,
    async show(ctx, visit) {
      const labels = (await listOptions(asked.options, ctx)).map(({ label }) => label);
      return compose(await say(asked.question, ctx), numbered(labels), visit.error, ctx.limits);
    },
    async take(input, ctx, visit) {
      const options = await listOptions(asked.options, ctx);
      const index = readOption(input, options.map(({ label }) => label));
      const chosen = index === undefined ? undefined : options[index];
      if (chosen === undefined) return { error: ctx.t(asked.error ?? NOT_AN_OPTION) };
      return await follow(following, chosen.value, ctx, visit);
    },
  };
}

function chooser<Value extends string, Name extends string>(
  next: Next<Value, Name> | Branches<Value, Name>,
): Next<Value, Name> {
  return typeof next === "object" ? (value) => next[value] : next;
}
