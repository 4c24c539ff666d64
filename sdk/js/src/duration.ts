/** Spans of time as people write them: `2 days`. */

const SECONDS = { second: 1, minute: 60, hour: 3600, day: 86_400, week: 604_800 } as const;

type Unit = keyof typeof SECONDS;

/** `30 minutes`, `1 day`, `2 weeks`. */
export type Duration = `${number} ${Unit | `${Unit}s`}`;

/** The seconds of a span. */
export function secondsOf(duration: Duration): number {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?) ([a-z]+?)s?$/u.exec(duration) ?? [];
  if (!Object.hasOwn(SECONDS, unit)) {
    throw new TypeError(`"${duration}" is no span of time: write a number and seconds, minutes, hours, days or weeks`);
  }
  return Number(number) * SECONDS[unit as Unit];
}
