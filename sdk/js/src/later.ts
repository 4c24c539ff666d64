/** Messages for later: reminders, and what should not come all at once. */

import { secondsOf } from "./duration.ts";
import type { Duration } from "./duration.ts";
import { outbound } from "./resources/outbound.ts";
import type { SendOptions } from "./resources/outbound.ts";
import type { Context } from "./types.ts";

/** When: after a span of time, or at a moment. */
export type Moment = { readonly in: Duration } | { readonly at: Date };

/** Sends a text to the person later, by the endpoint `sms` unless told. It is in the language they have now. */
export async function later<A>(
  ctx: Context<A>,
  when: Moment,
  text: string,
  options: Omit<SendOptions, "at"> & { readonly to?: string } = {},
): Promise<void> {
  const at = "at" in when ? when.at : new Date(Date.now() + secondsOf(when.in) * 1000);
  const { to = ctx.address, endpoint = "sms" } = options;
  await outbound.send(to, text, { endpoint, at });
}
