/** What every kind of state does the same way: make its texts, and keep an answer and move on. */

import type { Context, Next, Text, Visit } from "../types.ts";

/** A text in the person's language. */
export async function say(text: Text, ctx: Context): Promise<string> {
  return typeof text === "string" ? ctx.t(text) : await text(ctx);
}

/** What happens with an answer. */
export interface Following<Answer extends string, Name extends string> {
  readonly next: Next<Answer, Name>;
  /** Runs once the answer is kept, before the next state is chosen. */
  readonly onAnswer?: (answer: Answer, ctx: Context) => void | Promise<void>;
}

/** Keeps an answer under the state's name and finds the next state. */
export async function follow<Answer extends string, Name extends string>(
  following: Following<Answer, Name>,
  answer: Answer,
  ctx: Context,
  visit: Visit,
): Promise<{ next: Name }> {
  ctx.answers[visit.name] = answer;
  await following.onAnswer?.(answer, ctx);
  const { next } = following;
  return { next: typeof next === "function" ? await next(answer, ctx) : next };
}
