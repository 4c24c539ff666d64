/** A question of a form: the state that asks it, and its answer. */

import type { Context, State } from "../../types.ts";
import { choice } from "../choice.ts";
import { listOptions } from "../options.ts";
import { text } from "../text.ts";
import type { Field } from "./field.ts";

/** A field with the state that asks it. */
export interface Question<A> {
  readonly name: string;
  readonly field: Field<A>;
  readonly state: State<string, string, A>;
}

/** Makes the state that asks a field. */
export function ask<A>(name: string, field: Field<A>): Question<A> {
  const { question, options, check, error } = field;
  const state =
    options === undefined
      ? text<string, A>({ question, next: "", ...(check === undefined ? {} : { check }) })
      : choice<string, string, A>({ question, options, next: "", ...(error === undefined ? {} : { error }) });
  return { name, field, state };
}

/** `Town: Polokwane`, as a language may write it its own way; an answer that is not there yet is still in braces. */
export async function tell<A>({ name, field }: Question<A>, ctx: Context<A>): Promise<string> {
  const answer = answerOf(ctx, name);
  const options = field.options === undefined ? [] : await listOptions(field.options, ctx);
  const label = options.find(({ value }) => value === answer)?.label;
  const shown = answer === undefined ? `{${name}}` : (field.shown?.(answer, ctx) ?? label ?? answer);
  return ctx.t("{label}: {answer}", { label: ctx.t(field.label ?? name), answer: shown });
}

/** The answer to a question, if there is one. */
export function answerOf<A>(ctx: Context<A>, name: string): string | undefined {
  return (ctx.answers as Record<string, string | undefined>)[name];
}

/** Takes an answer back. */
export function forget<A>(ctx: Context<A>, name: string): void {
  delete (ctx.answers as Record<string, unknown>)[name];
}
