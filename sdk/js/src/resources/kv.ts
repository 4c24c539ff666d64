/** The service's own keys, written together with the step's replies or not at all. */

import { request } from "./request.ts";

export const kv = {
  /** The value of a key, `null` if there is none. */
  async get<Value>(key: string): Promise<Value | null> {
    const reply = await request<{ value?: Value | null }>("kv.get", { key });
    return reply.value ?? null;
  },

  /** Sets a key to any JSON value, for that many seconds or for good. */
  async set(key: string, value: unknown, seconds: number | null = null): Promise<void> {
    await request("kv.set", { key, value, seconds });
  },

  /** Removes a key; says whether it was there. */
  async delete(key: string): Promise<boolean> {
    return (await request<{ existed: boolean }>("kv.delete", { key })).existed;
  },

  /** Adds to a number, from zero if there is none; gives the sum. */
  async increment(key: string, amount = 1): Promise<number> {
    return (await request<{ value: number }>("kv.incr", { key, amount })).value;
  },
};
