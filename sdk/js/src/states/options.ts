/** Numbered options: how they are written on a screen and read from an answer. */

import type { Context } from "../types.ts";

/** Said when an answer is none of the options. */
export const NOT_AN_OPTION = "Please choose one of these numbers.";

/** One option: what is kept, and what the person reads. */
export interface Option<Value extends string> {
  readonly value: Value;
  readonly label: string;
  /** The label is a name, the same in every language; others are translated. */
  readonly isName?: boolean;
}

/** Options: `{ value: "Label" }`, a list of `{ value, label }`, or a function that makes either. */
export type Options<Value extends string, A> =
  | Listed<Value>
  | ((ctx: Context<A>) => Listed<Value> | Promise<Listed<Value>>);

type Listed<Value extends string> = Readonly<Record<Value, string>> | readonly Option<Value>[];

/** Options whose labels are names, the same in every language: towns, clinics, people. */
export function names<const Value extends string>(labels: Readonly<Record<Value, string>>): readonly Option<Value>[] {
  return toList(labels).map((option) => ({ ...option, isName: true }));
}

/** The options with their labels in the person's language. */
export async function listOptions<Value extends string, A>(
  options: Options<Value, A>,
  ctx: Context<A>,
): Promise<Option<Value>[]> {
  const listed = toList(typeof options === "function" ? await options(ctx) : options);
  return listed.map(({ value, label, isName = false }) => ({ value, label: isName ? label : ctx.t(label) }));
}

/** The options that are known without a person. */
export function knownOptions<Value extends string, A>(options: Options<Value, A>): readonly Option<Value>[] {
  return typeof options === "function" ? [] : toList(options);
}

/** `1. English`, `2. isiZulu`, … */
export function numbered(labels: readonly string[]): string[] {
  return labels.map((label, index) => `${index + 1}. ${label}`);
}

/** Which option an answer means: its number (`1`, `1.`, `1)`), or its label typed out. */
export function readOption(input: string, labels: readonly string[]): number | undefined {
  const digits = readNumber(input);
  const index = digits !== undefined ? digits - 1 : labels.findIndex((label) => isSame(label, input));
  return index >= 0 && index < labels.length ? index : undefined;
}

/** The number an answer begins and ends with, if it is one. */
export function readNumber(input: string): number | undefined {
  const digits = /^(\d{1,3})[.)]?$/u.exec(input)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Whether an answer is a text typed out. Case does not matter. */
export function isSame(text: string, input: string): boolean {
  return text.toLowerCase() === input.toLowerCase();
}

function toList<Value extends string>(listed: Listed<Value>): readonly Option<Value>[] {
  if (Array.isArray(listed)) return listed as readonly Option<Value>[];
  return (Object.entries(listed) as [Value, string][]).map(([value, label]) => ({ value, label }));
}
