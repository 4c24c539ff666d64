/** The questions of a form, and what it keeps. */

import type { Answers, Common, Context, Next, Text } from "../../types.ts";
import type { Check } from "../../validate.ts";
import type { Options } from "../options.ts";

/** A question of a form: answered in words, or with options. */
export interface Field<A = Answers> {
  readonly question: Text<A>;
  /** What the answer is called on the page that shows it again; the field's own name unless told. */
  readonly label?: string;
  readonly check?: Check<A>;
  readonly options?: Options<string, A>;
  /** Said when the answer is none of the options. */
  readonly error?: string;
  /** Asked only then. */
  readonly when?: (ctx: Context<A>) => boolean;
  /** The answer as a person reads it. */
  readonly shown?: (answer: string, ctx: Context<A>) => string;
}

/** Questions by name. */
export type Fields<A> = Readonly<Record<string, Field<A>>>;

/** What a form keeps: a choice is one of its values, anything else what was typed. */
export type Result<F> = {
  [Name in keyof F]: F[Name] extends { readonly when: unknown } ? ValueOf<F[Name]> | undefined : ValueOf<F[Name]>;
};

type ValueOf<F> = F extends { readonly options: infer Given }
  ? Given extends (ctx: never) => unknown
    ? string
    : Given extends readonly { readonly value: infer Value extends string }[]
      ? Value
      : keyof Given & string
  : string;

/** What a form asks. */
export interface Form<F extends Fields<A>, Name extends string, A> extends Common<Name, A> {
  readonly fields: F;
  readonly next: Next<Result<F>, Name, A>;
  /** Runs once the person has confirmed, before the next state is chosen. */
  readonly onDone?: (result: Result<F>, ctx: Context<A>) => void | Promise<void>;
  /** Over the answers on the last page; `false` leaves that page out. */
  readonly confirm?: Text<A> | false;
  readonly yes?: string;
  readonly change?: string;
  /** Over the list of what can be changed. */
  readonly which?: Text<A>;
}
