/** Messages with placeholders. */

/** What replaces the placeholders. */
export type Values = Readonly<Record<string, string | number | boolean | undefined>>;

/** Replaces `{name}` by its value, once: what a person typed is never read as a placeholder. Unknown names stay. */
export function fill(message: string, values: Values): string {
  return message.replace(/\{(\w+)\}/gu, (placeholder, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    return value === undefined ? placeholder : String(value);
  });
}
