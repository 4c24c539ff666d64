/** What the account set for this service. */

import { request } from "./request.ts";

export const config = {
  /** The value of a key, `null` if it is not set. */
  async get<Value>(key: string): Promise<Value | null> {
    const reply = await request<{ value?: Value | null }>("config.get", { key });
    return reply.value ?? null;
  },
};
