/** Names as people are greeted by them. */

/** Each word with a capital letter, and one space between words. */
export function tidy(name: string): string {
  const words = name.trim().split(/\s+/u);
  return words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join(" ");
}
