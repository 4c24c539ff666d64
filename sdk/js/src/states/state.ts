/** What every kind of state does the same way: make its texts, and keep an answer and move on. */

import type { About, Context, Next, Text, Visit } from "../types.ts";

/** A text in the person's language. */
export async function say<A>(text: Text<A>, ctx: Context<A>): Promise<string> {
  return typeof text === "string" ? ctx.t(text) : await text(ctx);
}

/** What happens with an answer. */
export interface Following<Answer, Name extends string, A> {
  readonly next: Next<Answer, Name, A>;
  /** Runs once the answer is kept, before the next state is chosen. */
  readonly onAnswer?: (answer: Answer, ctx: Context<A>) => void | Promise<void>;
}

/** Keeps an answer under the state's name and finds the next state. */
export async function follow<Answer, Name extends string, A>(
  following: Following<Answer, Name, A>,
  answer: Answer,
  ctx: Context<A>,
  visit: Visit,
): Promise<{ next: Name }> {
  keep(ctx, visit.name, answer);
  await following.onAnswer?.(answer, ctx);
  const { next } = following;
  return { next: typeof next === "function" ? await next(answer, ctx) : next };
}

/** Keeps an answer. */
export function keep<A>(ctx: Context<A>, name: string, answer: unknown): void {
  (ctx.answers as Record<string, unknown>)[name] = answer;
}

/** What is told of a state with these texts, some of which may be functions. */
export function about<A>(kind: string, leads: readonly unknown[], texts: readonly (Text<A> | undefined)[]): About {
  return {
    kind,
    leads,
    texts: texts.filter((text) => typeof text === "string"),
    isComputed: texts.some((text) => typeof text === "function"),
  };
}
