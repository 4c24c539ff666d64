/** A service: its states and its languages, answering the runtime. */

import { answerMessage } from "./dialogue.ts";
import type { Limits } from "./screen.ts";
import type { Catalogue } from "./translate.ts";
import type { Context, InboundEvent, InboundMessage, State, Text } from "./types.ts";

/** What happens when a person comes back to an unfinished dialogue. */
export interface Resume {
  /** `offer` asks the person, `continue` goes on at once, `restart` begins anew. */
  readonly mode?: "offer" | "continue" | "restart";
  /** The hours after which an unfinished dialogue is over; 72 unless told. */
  readonly hours?: number;
  readonly question?: Text;
  readonly goOn?: string;
  readonly startAgain?: string;
}

/** What a service is made of. */
export interface Definition<Name extends string = string, Language extends string = string> {
  /** Part of the key under which people are stored: keep it. */
  readonly name: string;
  /** Code to name; the first is the language the messages are written in. */
  readonly languages?: Readonly<Record<Language, string>>;
  /** Language to catalogue; a message that is missing is shown as it is written. */
  readonly translations?: { readonly [Code in NoInfer<Language>]?: Catalogue };
  /** The first state, or a function that finds it. */
  readonly start: NoInfer<Name> | ((ctx: Context) => NoInfer<Name> | Promise<NoInfer<Name>>);
  readonly states: { readonly [Key in Name]: State<NoInfer<Name>> };
  readonly resume?: Resume;
  /** Texts (SMS) that begin a dialogue even when another is open: `["JOIN"]`. Case does not matter. */
  readonly startWords?: readonly string[];
  /** How much a session's screen holds; USSD's 182 septets or 80 UCS-2 units unless told. */
  readonly screen?: Limits;
  /** Told what became of the messages that the service sent. */
  readonly onEvent?: (event: InboundEvent) => void | Promise<void>;
}

/** Makes a service of its definition and answers the runtime with it. Names of states are checked by the compiler. */
export function service<Name extends string, Language extends string = "en">(
  definition: Definition<Name, Language>,
): Definition<Name, Language> {
  // A failure must reach the runtime as it is, so nothing here catches it.
  api.on_inbound_message = async (command) => {
    await answerMessage(definition as unknown as Definition, command.msg as InboundMessage);
    api.done();
  };
  api.on_inbound_event = async (command) => {
    await definition.onEvent?.(command.msg as InboundEvent);
    api.done();
  };
  return definition;
}
