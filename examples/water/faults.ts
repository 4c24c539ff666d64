/** What can be wrong at a water point, and how soon it is looked at. */

/** The faults a person can choose, by code. The codes are stored: never change one. */
export const FAULTS = {
  dry: "No water comes",
  dirty: "The water is dirty",
  broken: "The pump is broken",
} as const;

export type Fault = keyof typeof FAULTS;

/** The days until we ask whether it is mended. */
export function daysUntilAsked(fault: Fault, days: number): 2 | 7 {
  return fault === "dirty" || days > 3 ? 2 : 7;
}
