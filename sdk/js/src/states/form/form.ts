/** Several questions as one: asked in order, checked, shown again before they count, and changed one by one. */

import type { About, Answers, State } from "../../types.ts";
import { NOT_AN_OPTION, knownOptions } from "../options.ts";
import type { Options } from "../options.ts";
import { about } from "../state.ts";
import type { Field, Fields, Form, Result } from "./field.ts";
import { answerOf, ask, forget } from "./question.ts";
import { Sheet } from "./sheet.ts";

/**
 * Asks the fields in order and keeps each answer under its field's name, so that `{name}` and `ctx.answers.name` are
 * the field `name`. What `onEnter` has put into the answers is not asked.
 */
export function form<const F extends Fields<A>, const Name extends string, A = Answers>(
  asked: Form<F, Name, A>,
): State<NoInfer<Name>, NoInfer<Result<F>>, A> {
  const questions = Object.entries<Field<A>>(asked.fields).map(([name, field]) => ask(name, field));
  const sheet = new Sheet<A>(asked, questions);
  return {
    timeout: asked.timeout,
    about: aboutForm(asked),
    async onEnter(ctx) {
      for (const { name } of questions) forget(ctx, name);
      await asked.onEnter?.(ctx);
    },
    show: (ctx, visit) => sheet.show(ctx, visit),
    pages: (ctx) => sheet.pages(ctx),
    async take(input, ctx, visit) {
      const outcome = await sheet.take(input, ctx, visit);
      if (outcome !== "done") return outcome;
      const result = Object.fromEntries(questions.map(({ name }) => [name, answerOf(ctx, name)])) as Result<F>;
      await asked.onDone?.(result, ctx);
      return { next: typeof asked.next === "function" ? await asked.next(result, ctx) : asked.next };
    },
  };
}

function labelsOf<A>(options: Options<string, A> | undefined): string[] {
  return knownOptions(options ?? {}).flatMap(({ label, isName }) => (isName === true ? [] : [label]));
}

function aboutForm<F extends Fields<A>, Name extends string, A>(asked: Form<F, Name, A>): About {
  const fields = Object.values<Field<A>>(asked.fields);
  const texts = fields.flatMap(({ question, label, options, check }) => [
    question,
    label,
    ...(check?.texts ?? []),
    ...(typeof options === "function" ? [() => ""] : labelsOf(options)),
  ]);
  const pages = asked.confirm === false ? [] : [asked.confirm, asked.which, NOT_AN_OPTION];
  return about<A>("form", [asked.next], [...texts, ...pages]);
}
