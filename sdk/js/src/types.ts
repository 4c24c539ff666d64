/** The words of the library: what a state is, and what its functions are given. */

import type { Limits } from "./screen.ts";
import type { Values } from "./translate.ts";

/** The fields of a Vumi user message that a dialogue needs; the others are there too. */
export interface InboundMessage {
  readonly message_id: string;
  readonly from_addr: string | null;
  readonly to_addr: string | null;
  readonly content: string | null;
  readonly session_event: string | null;
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

/** What the functions of a service are given: the person, and what to do for them. */
export interface Context {
  /** The person's address: `+27831234567`. */
  readonly address: string;
  /** The message that is being answered. */
  readonly message: InboundMessage;
  readonly answers: Answers;
  readonly profile: Profile;
  /** The person's language; assign one of the service's to change it. */
  language: string;
  /** How much text a screen holds on the channel the person is using. */
  readonly limits: Limits;
  /** The message in the person's language, `{name}` replaced from the values, the answers or the profile. */
  t(message: string, values?: Values): string;
  /** Forgets the person when the dialogue ends: answers, profile and language. */
  forget(): void;
}

/** A text for a person: a message to translate, or a function that makes the final text. */
export type Text = string | ((ctx: Context) => string | Promise<string>);

/** Where an answer leads: the name of a state, or a function that decides. */
export type Next<Answer extends string, Name extends string> =
  | Name
  | ((answer: Answer, ctx: Context) => Name | Promise<Name>);

/** A person's stay in a state: its name, the page they are on, and what was wrong with their last input. */
export interface Visit {
  readonly name: string;
  readonly page: number;
  readonly error?: string;
}

/** What an input led to: another state, another page of this one, or this one again with a word on what was wrong. */
export type Outcome<Name extends string> =
  | { readonly next: Name }
  | { readonly page: number }
  | { readonly error: string };

/** One step of a dialogue. `Name` is the union of the states it may lead to. */
export interface State<Name extends string = string> {
  /** Runs once when the person comes here, before the screen is made. */
  readonly onEnter?: ((ctx: Context) => void | Promise<void>) | undefined;
  /** The screen's text. */
  show(ctx: Context, visit: Visit): Promise<string>;
  /** What an input means here. A state without this ends the dialogue. */
  take?(input: string, ctx: Context, visit: Visit): Promise<Outcome<Name>>;
}
