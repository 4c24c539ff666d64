/** The stages of a child's life, as the messages are sorted. */

/** The stage of a child of this age. */
export function stage(months: number): string {
  return months < 12 ? "the first year" : "small children";
}
