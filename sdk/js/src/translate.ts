/** Messages in the person's language: a plain catalogue from the source text to its translation. */

/** Source text to translation; both may hold `{name}` placeholders. */
export type Catalogue = Readonly<Record<string, string>>;

/** What replaces the placeholders. */
export type Values = Readonly<Record<string, string | number | boolean | undefined>>;

/** The translation of a message, or the message itself if the catalogue has none, with its placeholders replaced. */
export function translate(catalogue: Catalogue | undefined, message: string, values: Values): string {
  const own = catalogue !== undefined && Object.hasOwn(catalogue, message) ? catalogue[message] : undefined;
  return fill(own ?? message, values);
}

/** Replaces `{name}` by its value, once: what a person typed is never read as a placeholder. Unknown names stay. */
export function fill(message: string, values: Values): string {
  return message.replace(/\{(\w+)\}/gu, (placeholder, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    return value === undefined ? placeholder : String(value);
  });
}
