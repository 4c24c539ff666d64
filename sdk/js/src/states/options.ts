/** Numbered options: how they are written on a screen and read from an answer. */

import type { Context } from "../types.ts";

/** Said when an answer is none of the options. */
export const NOT_AN_OPTION = "Please choose one of these numbers.";

/** One option: what is kept, and what the person reads, which is translated. */
export interface Option<Value extends string> {
  readonly value: Value;
  readonly label: string;
}

/** Options: `{ value: "Label" }`, a list of `{ value, label }`, or a function that makes either. */
export type Options<Value extends string> = Listed<Value> | ((ctx: Context) => Listed<Value> | Promise<Listed<Value>>);

type Listed<Value extends string> = Readonly<Record<Value, string>> | readonly Option<Value>[];

/** The options with their labels in the person's language. */
export async function listOptions<Value extends string>(
  options: Options<Value>,
  ctx: Context,
): Promise<Option<Value>[]> {
  const listed = typeof options === "function" ? await options(ctx) : options;
  const list: readonly Option<Value>[] = isList(listed)
    ? listed
    : (Object.entries(listed) as [Value, string][]).map(([value, label]) => ({ value, label }));
  return list.map(({ value, label }) => ({ value, label: ctx.t(label) }));
}

/** `1. English`, `2. isiZulu`, … */
export function numbered(labels: readonly string[]): string[] {
  return labels.map((label, index) => `${index + 1}. ${label}`);
}

/** Which option an answer means: its number (`1`, `1.`, `1)`), or its label typed out. */
export function readOption(input: string, labels: readonly string[]): number | undefined {
  const digits = readNumber(input);
  const index =
    digits !== undefined ? digits - 1 : labels.findIndex((label) => label.toLowerCase() === input.toLowerCase());
  return index >= 0 && index < labels.length ? index : undefined;
}

/** The number an answer begins and ends with, if it is one. */
export function readNumber(input: string): number | undefined {
  const digits = /^(\d{1,3})[.)]?$/u.exec(input)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function isList<Value extends string>(listed: Listed<Value>): listed is readonly Option<Value>[] {
  return Array.isArray(listed);
}
