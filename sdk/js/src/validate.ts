/** Checks of what a person typed: each gives the value to keep, or says in words what to do instead. */

import type { Answers, Context } from "./types.ts";
import type { Values } from "./translate.ts";

/** What a check found: the value to keep, or a message to translate. */
export type Verdict = { readonly value: string } | { readonly problem: string; readonly values: Values };

/** A check of what a person typed. */
export interface Check<A = Answers> {
  (input: string, ctx: Context<A>): Verdict | Promise<Verdict>;
  /** The messages it may say, for the author's tools. */
  readonly texts?: readonly string[];
}

/** The input is good; this is kept as the answer. */
export function ok(value: string): Verdict {
  return { value };
}

/** The input is not good; the message says what to do. */
export function problem(message: string, values: Values = {}): Verdict {
  return { problem: message, values };
}

/** What `date` accepts, and what it says otherwise. */
export interface DateRules {
  /** The first day that is good, in days from today. */
  readonly from: number;
  /** The last day that is good, in days from today. */
  readonly to: number;
  /** Said when it is no date; `{example}` is one that is good. */
  readonly unreadable: string;
  /** Said when it is before the first day; may use `{first}` and `{last}`, as the others may. */
  readonly tooEarly: string;
  /** Said when it is after the last day. */
  readonly tooLate: string;
}

/** A day, month and year typed as DDMMYYYY or DD/MM/YYYY (or with - or . or spaces), kept as `2027-03-25`. */
export function date(rules: DateRules): Check<unknown> {
  return telling([rules.unreadable, rules.tooEarly, rules.tooLate], (input) => {
    const first = daysFromToday(rules.from);
    const last = daysFromToday(rules.to);
    const example = daysFromToday(Math.floor((rules.from + rules.to) / 2));
    const values = { first: formatDate(first), last: formatDate(last), example: formatDate(example) };
    const day = readDate(input);
    if (day === undefined) return problem(rules.unreadable, values);
    if (day < first) return problem(rules.tooEarly, values);
    if (day > last) return problem(rules.tooLate, values);
    return ok(day);
  });
}

/** `2027-03-25` as people write it: `25/03/2027`. */
export function formatDate(day: string): string {
  return day.split("-").reverse().join("/");
}

/** The day that many days after today, in UTC: `2027-03-25`. */
export function daysFromToday(days: number): string {
  const day = new Date();
  day.setUTCDate(day.getUTCDate() + days);
  return day.toISOString().slice(0, 10);
}

/** A whole number between two, both good. The message may use `{min}` and `{max}`. */
export function number(rules: { min: number; max: number; error: string }): Check<unknown> {
  return telling([rules.error], (input) => {
    const value = /^\d{1,15}$/u.test(input) ? Number(input) : Number.NaN;
    const isGood = value >= rules.min && value <= rules.max;
    return isGood ? ok(String(value)) : problem(rules.error, { min: rules.min, max: rules.max });
  });
}

/** What `phone` accepts, and what it says otherwise. */
export interface PhoneRules {
  /** The country's calling code: `27`. */
  readonly callingCode: string;
  /** How many digits follow it in that country: 9 in South Africa. */
  readonly digits: number;
  readonly error: string;
}

/** A telephone number, kept as `+27831234567`; a national one (`083 123 4567`) gets the calling code. */
export function phone({ callingCode, digits, error }: PhoneRules): Check<unknown> {
  const own = `+${callingCode}`;
  return telling([error], (input) => {
    const typed = input.replace(/[\s().-]/gu, "");
    const full = typed.replace(/^00/u, "+").replace(/^0/u, own);
    const isWhole = !full.startsWith(own) || full.length === own.length + digits;
    return isWhole && /^\+[1-9]\d{7,14}$/u.test(full) ? ok(full) : problem(error);
  });
}

function telling(texts: readonly string[], check: (input: string) => Verdict): Check<unknown> {
  return Object.assign(check, { texts });
}

function readDate(input: string): string | undefined {
  const parts = /^(\d{2})(\d{2})(\d{4})$/u.exec(input) ?? /^(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4})$/u.exec(input);
  if (parts === null) return undefined;
  const [, day = "", month = "", year = ""] = parts;
  const written = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  // The Date constructor turns 31 February into a day of March; a day that comes back changed was never real.
  const real = new Date(`${written}T00:00:00Z`);
  return !Number.isNaN(real.getTime()) && real.toISOString().slice(0, 10) === written ? written : undefined;
}
