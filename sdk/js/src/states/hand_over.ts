/** The end of a dialogue where a person takes over. */

import { secondsOf } from "../duration.ts";
import type { Duration } from "../duration.ts";
import { request } from "../resources/request.ts";
import type { Answers, State, Text } from "../types.ts";
import { about, say } from "./state.ts";

/** Hands the person over to another service of the account: the desk where people answer. */
export interface HandOver<A> {
  /** The name of that service. */
  readonly to: string;
  /** Said to the person. */
  readonly text: Text<A>;
  /** For who takes over, at most 200 characters. */
  readonly reason?: Text<A>;
  /** How long; a day unless told. After it, or when the desk hands back, the person comes here again. */
  readonly for?: Duration;
  readonly onEnter?: State<string, unknown, A>["onEnter"];
}

const REASON_CHARACTERS = 200;

/** Says a last word; from then on the person's messages go to the desk, until the time is over or it hands them back. */
export function handOver<A = Answers>(asked: HandOver<A>): State<never, never, A> {
  return {
    about: about("handOver", [], [asked.text]),
    async onEnter(ctx) {
      await asked.onEnter?.(ctx);
      const reason = asked.reason === undefined ? null : await say(asked.reason, ctx);
      await request("session.hand_over", {
        to: asked.to,
        reason: reason === null ? null : [...reason].slice(0, REASON_CHARACTERS).join(""),
        ...(asked.for === undefined ? {} : { seconds: secondsOf(asked.for) }),
      });
    },
    show: (ctx) => say(asked.text, ctx),
  };
}

/** Hands the person who is speaking back to the service they came from; for the desk. */
export async function handBack(): Promise<void> {
  await request("session.hand_back", {});
}
