/** Options that each lead somewhere. */

import type { Answers, Common, State, Text } from "../types.ts";
import { choiceOf } from "./choice.ts";

/** Shows options; each leads to its state, and the label's state is what is kept as the answer. */
export function menu<const Name extends string, A = Answers>(
  asked: Common<Name, NoInfer<A>> & {
    readonly question: Text<NoInfer<A>>;
    readonly options: readonly { readonly label: string; readonly next: Name; readonly isName?: boolean }[];
    /** Said when the answer is none of the options. */
    readonly error?: string;
  },
): State<NoInfer<Name>, Name, A> {
  const options = asked.options.map(({ next, ...option }) => ({ ...option, value: next }));
  const leads = Object.fromEntries(options.map(({ value }) => [value, value])) as Record<Name, Name>;
  return choiceOf<Name, Name, A>("menu", { ...asked, options, next: leads });
}
