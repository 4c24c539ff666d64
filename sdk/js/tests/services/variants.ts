/** Two variants of different weights, shown twice in a dialogue. */

import { end, reached, service, text, variant } from "ngoma";
import type { Context } from "ngoma";

const offer = (ctx: Context): string => variant(ctx, "offer", ["rare", "often"], { weights: { rare: 1, often: 3 } });

export default service({
  name: "variants",
  start: "first",
  resume: { mode: "restart" },
  states: {
    first: text({ question: offer, next: "second" }),
    second: text({ question: offer, next: "bye" }),
    bye: end({ text: "Bye.", onEnter: (ctx) => reached(ctx, "offer") }),
  },
});
