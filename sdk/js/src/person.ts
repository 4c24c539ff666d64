/** What is stored about a person: one small value under one key. */

import type { Answers, Profile } from "./types.ts";

/** The version of the stored form; a value of another version is not read. */
const VERSION = 1;

/** How the person was last spoken to: in a session (USSD), or by single texts (SMS). */
export type Manner = "session" | "texts";

/** Where an unfinished dialogue stands. */
export interface Place {
  readonly state: string;
  readonly page: number;
  readonly manner: Manner;
  /** The kind of channel, which decides how options are laid out. */
  readonly channel?: string;
  /** Seconds since 1970, when the person was last here. */
  readonly since: number;
  /** The screen before them is the offer to go on, not the state's own. */
  readonly isOffered?: boolean;
}

/** A person, as stored. */
export interface Person {
  readonly v: typeof VERSION;
  language?: string;
  answers: Answers;
  readonly profile: Profile;
  /** The variants that this dialogue was shown. */
  variants?: Record<string, string>;
  /** Only while a dialogue is unfinished. */
  at?: Place;
}

/** The key of a person. */
export function personKey(service: string, address: string): string {
  return `users.${service}.${address}`;
}

/** Reads what was stored; nothing, or a form this version does not know, is a person not met before. */
export function readPerson(stored: unknown): Person {
  if (isPerson(stored)) return stored;
  return { v: VERSION, answers: {}, profile: {} };
}

function isPerson(stored: unknown): stored is Person {
  if (typeof stored !== "object" || stored === null) return false;
  const { v, answers, profile } = stored as Partial<Person>;
  return v === VERSION && typeof answers === "object" && answers !== null && typeof profile === "object" && profile !== null;
}
