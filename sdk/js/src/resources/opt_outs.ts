/** Who does not want messages of the account; the account's policy says whether its services may know and change it. */

import type { Context } from "../types.ts";
import { request } from "./request.ts";

interface Status {
  readonly opted_out: boolean;
}

export const optOuts = {
  /** Whether an address is opted out. */
  async has(address: string, type = "msisdn"): Promise<boolean> {
    return (await request<Status>("optout.status", { address_type: type, address_value: address })).opted_out;
  },

  /** Opts the person who is speaking out of everything the account sends. */
  async add<A>(ctx: Context<A>): Promise<void> {
    await request("optout.optout", { ...addressOf(ctx), message_id: ctx.message.message_id });
  },

  /** Takes the opt-out of the person who is speaking back. */
  async cancel<A>(ctx: Context<A>): Promise<void> {
    await request("optout.cancel_optout", addressOf(ctx));
  },

  /** How many are opted out. */
  async count(): Promise<number> {
    return (await request<{ count: number }>("optout.count", {})).count;
  },
};

function addressOf<A>({ address, message }: Context<A>): Record<string, unknown> {
  return { address_type: message.from_addr_type ?? "msisdn", address_value: address };
}
