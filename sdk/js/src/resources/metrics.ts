/** Measurements of the service. */

import { request } from "./request.ts";

export const metrics = {
  /** Counts something that happened. */
  async count(metric: string, value = 1): Promise<void> {
    await metrics.fire(metric, value, "sum");
  },

  /** Records a value; `agg` says how values of one interval become one. */
  async fire(metric: string, value: number, agg: "sum" | "avg" | "min" | "max" | "last"): Promise<void> {
    await request("metrics.fire", { metric, value, agg });
  },
};
