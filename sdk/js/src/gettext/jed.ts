/** Catalogues as Jed has them, which services for Vumi kept in the config as `translation.<language>`. */

import type { Entry } from "./po.ts";

/** `{"": {"Plural-Forms": "…"}, "Yes": [null, "Yebo"]}`, as it is or under `locale_data` and the domain's name. */
export type Jed = Readonly<Record<string, unknown>>;

/** Between a context and its message. */
const SEPARATOR = "\u0004";

/** The entries, and the head's rule for plurals. */
export function readJed(given: Jed): { entries: Entry[]; pluralForms: string | undefined } {
  const messages = messagesOf(given);
  const lists = Object.entries(messages).filter((entry): entry is [string, unknown[]] => Array.isArray(entry[1]));
  // Before its version 1 the first of a list is not a form, but the message for many, or null.
  const isOld = given === messages || lists.some(([, list]) => list[0] === null);
  const entries = lists.map(([key, list]) => {
    const at = key.indexOf(SEPARATOR);
    const forms = (isOld ? list.slice(1) : list).map((form) => (typeof form === "string" ? form : ""));
    return { context: at < 0 ? undefined : key.slice(0, at), id: key.slice(at + 1), forms };
  });
  return { entries, pluralForms: pluralFormsOf(messages[""]) };
}

function messagesOf(given: Jed): Jed {
  const { domain, locale_data: data } = given as { domain?: unknown; locale_data?: unknown };
  if (!isObject(data)) return given;
  const messages = data[typeof domain === "string" ? domain : "messages"] ?? Object.values(data)[0];
  return isObject(messages) ? messages : {};
}

function pluralFormsOf(head: unknown): string | undefined {
  if (!isObject(head)) return undefined;
  const key = Object.keys(head).find((name) => /^plural[-_]forms$/iu.test(name));
  const rule = key === undefined ? undefined : head[key];
  return typeof rule === "string" ? rule : undefined;
}

function isObject(value: unknown): value is Jed {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
