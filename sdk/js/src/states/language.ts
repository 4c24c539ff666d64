/** The choice of a language, each named in itself. */

import type { Next, State, Text } from "../types.ts";
import { choice } from "./choice.ts";
import type { Options } from "./options.ts";

/** Asks for the language and keeps it for the person. The options are code to name: `{ en: "English" }`. */
export function language<Code extends string, const Name extends string>(asked: {
  readonly question: Text;
  readonly options: Options<Code>;
  readonly next: Next<Code, Name>;
}): State<Name> {
  return choice<Code, Name>({
    ...asked,
    onAnswer: (code, ctx) => {
      ctx.language = code;
    },
  });
}
