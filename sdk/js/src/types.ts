/** The words of the library: what a state is, and what its functions are given. */

import type { Duration } from "./duration.ts";
import type { QuickReplies } from "./resources/outbound.ts";
import type { Limits } from "./screen.ts";
import type { Values } from "./translate.ts";

/** The fields of a Vumi user message that a dialogue needs; the others are there too. */
export interface InboundMessage {
  readonly message_id: string;
  readonly from_addr: string | null;
  readonly to_addr: string | null;
  readonly content: string | null;
  readonly session_event: string | null;
  /** The kind of channel it came by: `ussd`, `sms`, `whatsapp`. */
  readonly transport_type?: string | null;
  readonly [field: string]: unknown;
}

/** What became of a message that this service sent: an ack, a nack or a delivery report. */
export interface InboundEvent {
  readonly event_type: string;
  readonly user_message_id: string;
  readonly [field: string]: unknown;
}

/** What a person said in this dialogue, by the name of the state that asked. A new dialogue begins with none. */
export type Answers = Record<string, string | undefined>;

/** What a service remembers about a person after the dialogue, until it deletes it. */
export type Profile = Record<string, string | number | boolean | undefined>;

/** Tells apart messages that are written alike and mean different things: gettext's `msgctxt`. */
export interface Sense {
  readonly context?: string;
}

/** What the functions of a service are given: the person, and what to do for them. `A` is what its answers are. */
export interface Context<A = Answers> {
  /** The name of the service. */
  readonly service: string;
  /** The person's address: `+27831234567`. */
  readonly address: string;
  /** The message that is being answered. */
  readonly message: InboundMessage;
  readonly answers: A;
  readonly profile: Profile;
  /** The variants this dialogue was shown, by the name of the experiment. */
  readonly variants: Record<string, string>;
  /** The person's language; assign one of the service's to change it. */
  language: string;
  /** The kind of channel the person is using: `ussd`, `sms`, `whatsapp`. */
  readonly channel: string;
  /** How much text a screen holds on it. */
  readonly limits: Limits;
  /** The message in the person's language, `{name}` replaced from the values, the answers or the profile. */
  t(message: string, values?: Values, sense?: Sense): string;
  /** One message for one, another for many; `{n}` is the number. The language's own rule picks the form. */
  tn(one: string, many: string, n: number, values?: Values, sense?: Sense): string;
  /** Counts something when the step ends: the metric grows by one. */
  count(metric: string): void;
  /** Forgets the person when the dialogue ends: answers, profile and language. */
  forget(): void;
}

/** A text for a person: a message to translate, or a function that makes the final text. */
export type Text<A = Answers> = string | ((ctx: Context<A>) => string | Promise<string>);

/** Where an answer leads: the name of a state, or a function that decides. */
export type Next<Answer, Name extends string, A = Answers> =
  | Name
  | ((answer: Answer, ctx: Context<A>) => Name | Promise<Name>);

/** A person's stay in a state: its name, the page they are on, and what was wrong with their last input. */
export interface Visit {
  readonly name: string;
  readonly page: number;
  readonly error?: string;
}

/** A screen: its text, and the buttons or the list that a channel can show with it. */
export interface Shown {
  readonly text: string;
  readonly quickReplies?: QuickReplies | undefined;
}

/** What an input led to: another state, another page of this one, or this one again with a word on what was wrong. */
export type Outcome<Name extends string> =
  | { readonly next: Name }
  | { readonly page: number }
  | { readonly error: string };

/** When an unfinished dialogue is over: after that time it begins anew, or goes to a state. */
export type Timeout<Name extends string = string> = Duration | { readonly after: Duration; readonly next: Name };

/** What the author's tools are told about a state. */
export interface About {
  readonly kind: string;
  /** Where it leads: names, and functions that decide. */
  readonly leads: readonly unknown[];
  /** Its messages in the source language. */
  readonly texts: readonly string[];
  /** The values of its options. */
  readonly options?: readonly string[];
  /** Functions make some of its texts or options. */
  readonly isComputed: boolean;
}

/**
 * One step of a dialogue. `Name` is the union of the states it may lead to, `Value` what it keeps as the answer, and `A`
 * what the answers of the service are.
 */
export interface State<Name extends string = string, Value = unknown, A = Answers> {
  /** Never there; it lets the compiler compare what a state keeps with what the service says its answers are. */
  readonly keeps?: Value;
  /** How long the dialogue waits here. */
  readonly timeout?: Timeout<Name> | undefined;
  readonly about?: About;
  /** Runs once when the person comes here, before the screen is made. */
  readonly onEnter?: ((ctx: Context<A>) => void | Promise<void>) | undefined;
  /** The screen. */
  show(ctx: Context<A>, visit: Visit): Promise<string | Shown>;
  /** The numbers of its pages, where it has more than the page 0. */
  pages?(ctx: Context<A>): Promise<readonly number[]>;
  /** What an input means here. A state without this ends the dialogue. */
  take?(input: string, ctx: Context<A>, visit: Visit): Promise<Outcome<Name>>;
}

/** What every kind of state may say besides. */
export interface Common<Name extends string, A> {
  readonly onEnter?: ((ctx: Context<A>) => void | Promise<void>) | undefined;
  /** How long the dialogue waits here before it begins anew, or goes elsewhere. */
  readonly timeout?: Timeout<Name>;
}
