/** Numbered options that each lead somewhere. */

import type { State, Text } from "../types.ts";
import { choice } from "./choice.ts";

/** Shows options; each leads to its state, and the label's state is what is kept as the answer. */
export function menu<const Name extends string>(asked: {
  readonly question: Text;
  readonly options: readonly { readonly label: string; readonly next: Name }[];
  readonly onEnter?: State["onEnter"];
  /** Said when the answer is none of the options. */
  readonly error?: string;
}): State<Name> {
  return choice<Name, Name>({
    ...asked,
    options: asked.options.map(({ label, next }) => ({ value: next, label })),
    next: (name) => name,
  });
}
