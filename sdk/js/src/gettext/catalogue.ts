/** The translations into one language, whatever form they come in. */

import { config } from "../resources/config.ts";
import { readJed } from "./jed.ts";
import type { Jed } from "./jed.ts";
import { ENGLISH, readPluralRule } from "./plural.ts";
import type { PluralRule } from "./plural.ts";
import { readPo } from "./po.ts";
import type { Entry } from "./po.ts";

/** Source text to translation; both may hold `{name}` placeholders. */
export type Plain = Readonly<Record<string, string>>;

/** Translations that the account keeps in the service's config, so that they change without a deploy. */
export interface FromConfig {
  readonly configKey: string;
}

/** Translations: the text of a `.po` file, Jed's JSON, a plain object, or a place in the config for any of them. */
export type Translations = string | Plain | Jed | FromConfig;

/** Takes the translations from a key of the config: `fromConfig("translation.zu")`. */
export function fromConfig(configKey: string): FromConfig {
  return { configKey };
}

/** The catalogue of translations; each is read once. */
export async function openCatalogue(given: Translations): Promise<Catalogue> {
  if (isFromConfig(given)) return readCatalogue(await readConfig(given.configKey));
  const known = read.get(given);
  if (known !== undefined) return known;
  const catalogue = readCatalogue(given);
  read.set(given, catalogue);
  return catalogue;
}

const read = new Map<Translations, Catalogue>();

/** Reads what is at hand while the service loads, so that no message has to wait for it and mistakes show at once. */
export function prepare(translations: Readonly<Record<string, Translations | undefined>>): void {
  for (const given of Object.values(translations)) {
    if (given !== undefined && !isFromConfig(given) && !read.has(given)) read.set(given, readCatalogue(given));
  }
}

/** The translations into one language. */
export class Catalogue {
  readonly #forms: ReadonlyMap<string, readonly string[]>;
  readonly #rule: PluralRule;

  constructor(entries: readonly Entry[], rule: PluralRule) {
    this.#forms = new Map(entries.map(({ context, id, forms }) => [keyOf(id, context), forms]));
    this.#rule = rule;
  }

  /** The translation of a message, if there is one. */
  find(message: string, context?: string): string | undefined {
    return this.#form(message, 0, context);
  }

  /** The translation of a message for this many. */
  findPlural(one: string, n: number, context?: string): string | undefined {
    return this.#form(one, this.#rule.index(n), context);
  }

  #form(message: string, index: number, context: string | undefined): string | undefined {
    const form = this.#forms.get(keyOf(message, context))?.[index];
    return form === "" ? undefined : form;
  }
}

function keyOf(id: string, context: string | undefined): string {
  return JSON.stringify([context ?? null, id]);
}

function readCatalogue(given: Exclude<Translations, FromConfig>): Catalogue {
  if (typeof given === "string") {
    const entries = readPo(given);
    const head = entries.find(({ id }) => id === "")?.forms[0] ?? "";
    return new Catalogue(entries.filter(({ id }) => id !== ""), ruleOf(/^plural-forms:(.*)$/imu.exec(head)?.[1]));
  }
  const plain = Object.entries(given).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  const { entries, pluralForms } = readJed(given);
  const ones = plain.map(([id, form]) => ({ context: undefined, id, forms: [form] }));
  return new Catalogue([...ones, ...entries], ruleOf(pluralForms));
}

function ruleOf(header: string | undefined): PluralRule {
  return header === undefined ? ENGLISH : readPluralRule(header);
}

/** Whether translations are in the config. */
export function isFromConfig(given: Translations | undefined): given is FromConfig {
  return typeof given === "object" && Object.keys(given).join() === "configKey" && !Array.isArray(given.configKey);
}

/** A value of the config is text or JSON; text that is JSON is read. */
async function readConfig(key: string): Promise<string | Plain> {
  const value = await config.get<unknown>(key);
  if (typeof value !== "string") return typeof value === "object" && value !== null ? (value as Plain) : {};
  return value.trim().startsWith("{") ? (JSON.parse(value) as Plain) : value;
}
