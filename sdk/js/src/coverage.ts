/** Which states the author's tests reach. */

/** Counters that the tests put beside the code, by file; states stand where a file would. */
interface Counted {
  $ngomaCounters?: Record<string, Record<string, number>>;
}

/** Notes that a person is in a state, if anybody counts. */
export function noteEntered(state: string): void {
  const counters = (globalThis as Counted).$ngomaCounters;
  if (counters === undefined) return;
  const states = (counters["$states"] ??= {});
  states[state] = (states[state] ?? 0) + 1;
}
