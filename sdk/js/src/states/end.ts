/** The last screen of a dialogue. */

import type { State, Text } from "../types.ts";
import { say } from "./state.ts";

/** Says a last word and ends the session; `onEnter` is the place to send an SMS or to count. */
export function end(said: { readonly text: Text; readonly onEnter?: State["onEnter"] }): State<never> {
  return {
    onEnter: said.onEnter,
    show: (ctx) => say(said.text, ctx),
  };
}
