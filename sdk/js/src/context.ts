/** What the functions of a service are given, over the stored person. */

import type { Person } from "./person.ts";
import { SMS_SEGMENT, USSD_SCREEN } from "./screen.ts";
import type { Limits } from "./screen.ts";
import type { Definition } from "./service.ts";
import { translate } from "./translate.ts";
import type { Values } from "./translate.ts";
import type { Answers, Context, InboundMessage, Profile } from "./types.ts";

/** The context of one step. */
export class StepContext implements Context {
  readonly address: string;
  readonly message: InboundMessage;
  readonly limits: Limits;
  isForgotten = false;
  readonly #person: Person;
  readonly #definition: Definition;
  /** Kept apart from the person, so that the last screen is still in their language when they are forgotten. */
  #language: string;

  constructor(definition: Definition, person: Person, address: string, message: InboundMessage) {
    this.address = address;
    this.message = message;
    this.limits = message.session_event === null ? SMS_SEGMENT : (definition.screen ?? USSD_SCREEN);
    this.#person = person;
    this.#definition = definition;
    this.#language = person.language ?? Object.keys(definition.languages ?? {})[0] ?? "en";
  }

  get answers(): Answers {
    return this.#person.answers;
  }

  get profile(): Profile {
    return this.#person.profile;
  }

  get language(): string {
    return this.#language;
  }

  set language(code: string) {
    this.#language = code;
    this.#person.language = code;
  }

  t(message: string, values: Values = {}): string {
    const known = { ...this.profile, ...this.answers, ...values };
    return translate(this.#definition.translations?.[this.#language], message, known);
  }

  forget(): void {
    this.isForgotten = true;
  }
}
