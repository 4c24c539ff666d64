/** The choice of a language, each named in itself. */

import type { Answers, Common, Next, State, Text } from "../types.ts";
import { choiceOf } from "./choice.ts";
import { names } from "./options.ts";

/** Asks for the language and keeps it for the person. The options are code to name: `{ en: "English" }`. */
export function language<const Code extends string, const Name extends string, A = Answers>(
  asked: Common<Name, NoInfer<A>> & {
    readonly question: Text<NoInfer<A>>;
    readonly options: Readonly<Record<Code, string>>;
    readonly next: Next<Code, Name, NoInfer<A>>;
    /** Said when the answer is none of the options. */
    readonly error?: string;
  },
): State<NoInfer<Name>, NoInfer<Code>, A> {
  return choiceOf<Code, Name, A>("language", {
    ...asked,
    options: names(asked.options),
    onAnswer: (code, ctx) => {
      ctx.language = code;
    },
  });
}
