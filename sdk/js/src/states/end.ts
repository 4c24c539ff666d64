/** The last screen of a dialogue. */

import type { Answers, State, Text } from "../types.ts";
import { about, say } from "./state.ts";

/** Says a last word and ends the session; `onEnter` is the place to send an SMS or to count. */
export function end<A = Answers>(said: {
  readonly text: Text<A>;
  readonly onEnter?: State<string, unknown, A>["onEnter"];
}): State<never, never, A> {
  return {
    onEnter: said.onEnter,
    about: about("end", [], [said.text]),
    show: (ctx) => say(said.text, ctx),
  };
}
