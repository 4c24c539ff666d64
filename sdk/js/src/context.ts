/** What the functions of a service are given, over the stored person. */

import { openCatalogue } from "./gettext/catalogue.ts";
import type { Catalogue } from "./gettext/catalogue.ts";
import type { Person } from "./person.ts";
import { SMS_SEGMENT, USSD_SCREEN, WHATSAPP_BODY } from "./screen.ts";
import type { Limits } from "./screen.ts";
import type { Definition } from "./service.ts";
import { fill } from "./translate.ts";
import type { Values } from "./translate.ts";
import type { Answers, Context, InboundMessage, Profile, Sense } from "./types.ts";

/** The context of one step. */
export class StepContext implements Context {
  readonly service: string;
  readonly address: string;
  readonly message: InboundMessage;
  readonly channel: string;
  readonly limits: Limits;
  isForgotten = false;
  /** What had no translation. */
  readonly missing = new Set<string>();
  /** What is to be counted when the step ends. */
  readonly counts: string[] = [];
  readonly #person: Person;
  readonly #languages: readonly string[];
  readonly #catalogues: Readonly<Record<string, Catalogue>>;
  /** Kept apart from the person, so that the last screen is still in their language when they are forgotten. */
  #language: string;

  private constructor(
    definition: Definition,
    person: Person,
    address: string,
    message: InboundMessage,
    catalogues: Readonly<Record<string, Catalogue>>,
  ) {
    this.service = definition.name;
    this.address = address;
    this.message = message;
    this.channel = message.transport_type ?? (message.session_event === null ? "sms" : "ussd");
    this.limits = limitsOf(definition, message, this.channel);
    this.#person = person;
    this.#languages = Object.keys(definition.languages ?? {});
    this.#catalogues = catalogues;
    this.#language = person.language ?? this.#languages[0] ?? "en";
  }

  /** Makes the context, with the catalogues that any function may come to need. */
  static async open(
    definition: Definition,
    person: Person,
    address: string,
    message: InboundMessage,
  ): Promise<StepContext> {
    const catalogues: Record<string, Catalogue> = {};
    for (const [code, given] of Object.entries(definition.translations ?? {})) {
      if (given !== undefined) catalogues[code] = await openCatalogue(given);
    }
    return new StepContext(definition, person, address, message, catalogues);
  }

  get answers(): Answers {
    return this.#person.answers;
  }

  get profile(): Profile {
    return this.#person.profile;
  }

  get variants(): Record<string, string> {
    return (this.#person.variants ??= {});
  }

  get language(): string {
    return this.#language;
  }

  set language(code: string) {
    this.#language = code;
    this.#person.language = code;
  }

  t(message: string, values: Values = {}, sense: Sense = {}): string {
    return this.#fill(this.#catalogue()?.find(message, sense.context) ?? this.#note(message), values);
  }

  tn(one: string, many: string, n: number, values: Values = {}, sense: Sense = {}): string {
    const found = this.#catalogue()?.findPlural(one, n, sense.context);
    return this.#fill(found ?? (this.#note(one), n === 1 ? one : many), { n, ...values });
  }

  count(metric: string): void {
    this.counts.push(metric);
  }

  forget(): void {
    this.isForgotten = true;
  }

  #catalogue(): Catalogue | undefined {
    return Object.hasOwn(this.#catalogues, this.#language) ? this.#catalogues[this.#language] : undefined;
  }

  #fill(text: string, values: Values): string {
    return fill(text, { ...this.profile, ...this.answers, ...values });
  }

  /** Notes that a message has no translation, unless this is the language it is written in, or it has no words. */
  #note(message: string): string {
    const isSource = this.#language === this.#languages[0] || this.#languages.length === 0;
    const hasWords = /\p{L}/u.test(message.replace(/\{\w+\}/gu, ""));
    if (!isSource && hasWords) this.missing.add(message);
    return message;
  }
}

function limitsOf(definition: Definition, message: InboundMessage, channel: string): Limits {
  if (message.session_event !== null) return definition.screen ?? USSD_SCREEN;
  return channel === "whatsapp" ? WHATSAPP_BODY : SMS_SEGMENT;
}
