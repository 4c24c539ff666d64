/** A service: its states and its languages, answering the runtime. */

import { answerDescribe } from "./describe.ts";
import { answerMessage } from "./dialogue.ts";
import { secondsOf } from "./duration.ts";
import { prepare } from "./gettext/catalogue.ts";
import type { Translations } from "./gettext/catalogue.ts";
import type { Limits } from "./screen.ts";
import type { Answers, Context, InboundEvent, InboundMessage, State, Text, Timeout } from "./types.ts";

/** What happens when a person comes back to an unfinished dialogue. */
export interface Resume<A = Answers> {
  /** `offer` asks the person, `continue` goes on at once, `restart` begins anew. */
  readonly mode?: "offer" | "continue" | "restart";
  /** The hours after which an unfinished dialogue is over; 72 unless told, or what `timeout` says. */
  readonly hours?: number;
  readonly question?: Text<A>;
  readonly goOn?: string;
  readonly startAgain?: string;
}

/** What a service is made of. `Name` is the union of its states' names, `A` what its answers are. */
export interface Definition<Name extends string = string, Language extends string = string, A = Answers> {
  /** Part of the key under which people are stored: keep it. */
  readonly name: string;
  /** Code to name; the first is the language the messages are written in. */
  readonly languages?: Readonly<Record<Language, string>>;
  /** Language to translations; a message that is missing is shown as it is written. */
  readonly translations?: { readonly [Code in NoInfer<Language>]?: Translations };
  /** The first state, or a function that finds it. */
  readonly start: NoInfer<Name> | ((ctx: Context<A>) => NoInfer<Name> | Promise<NoInfer<Name>>);
  readonly states: {
    readonly [Key in Name]: State<NoInfer<Name>, Kept<A, Key>, A>;
  };
  readonly resume?: Resume<A>;
  /** When an unfinished dialogue is over, in any state that does not say it itself. */
  readonly timeout?: Timeout<NoInfer<Name>>;
  /** Texts (SMS) that begin a dialogue even when another is open: `["JOIN"]`. Case does not matter. */
  readonly startWords?: readonly string[];
  /** How much a session's screen holds; USSD's 182 septets or 80 UCS-2 units unless told. */
  readonly screen?: Limits;
  /** Told what became of the messages that the service sent. */
  readonly onEvent?: (event: InboundEvent) => void | Promise<void>;
}

/** What the state of a name keeps, where the service says what its answers are. */
type Kept<A, Key> = string extends keyof A ? unknown : Key extends keyof A ? A[Key] : unknown;

/**
 * Makes a service of its definition and answers the runtime with it. Names of states are checked by the compiler. Say
 * what the answers are, `service<Answers>()({ … })`, and the compiler checks them too.
 */
export function service<A extends object>(): <Name extends string, Language extends string = "en">(
  definition: Definition<Name, Language, A>,
) => Definition<Name, Language, A>;
export function service<Name extends string, Language extends string = "en">(
  definition: Definition<Name, Language>,
): Definition<Name, Language>;
export function service(definition?: Definition): unknown {
  return definition === undefined ? answer : answer(definition);
}

function answer(definition: Definition): Definition {
  checkNames(definition);
  prepare(definition.translations ?? {});
  checkTimeouts(definition);
  // A failure must reach the runtime as it is, so nothing here catches it.
  api.on_inbound_message = async (command) => {
    await answerMessage(definition, command.msg as InboundMessage);
    api.done();
  };
  api.on_inbound_event = async (command) => {
    await definition.onEvent?.(command.msg as InboundEvent);
    api.done();
  };
  api.on_describe = async () => {
    await answerDescribe(definition);
    api.done();
  };
  return definition;
}

const KNOWN: Record<keyof Definition, true> = {
  name: true,
  languages: true,
  translations: true,
  start: true,
  states: true,
  resume: true,
  timeout: true,
  startWords: true,
  screen: true,
  onEvent: true,
};

/** What the compiler says, for services that it does not see. */
function checkNames(definition: Definition): void {
  for (const key of Object.keys(definition)) {
    if (!Object.hasOwn(KNOWN, key)) {
      throw new TypeError(`service: "${key}" is not known; it knows ${Object.keys(KNOWN).join(", ")}`);
    }
  }
  const { name, start, states } = definition;
  if (typeof name !== "string" || name === "") throw new TypeError('service: give it a "name"');
  if (typeof states !== "object" || states === null) throw new TypeError('service: give it its "states"');
  if (typeof start === "function") return;
  if (typeof start !== "string") throw new TypeError('service: name its first state as "start"');
  if (!Object.hasOwn(states, start)) throw new TypeError(`service: its "start" is "${start}", and there is no such state`);
}

/** A span of time that cannot be read is a mistake of the author's, to be seen before anybody waits. */
function checkTimeouts({ timeout, states }: Definition): void {
  for (const given of [timeout, ...Object.values<State>(states).map((state) => state.timeout)]) {
    if (given !== undefined) secondsOf(typeof given === "string" ? given : given.after);
  }
}
