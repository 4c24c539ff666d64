/** Time-outs: the service's own, a state that waits less and goes elsewhere, a state that waits longer. */

import { end, service, text } from "ngoma";

export default service({
  name: "waits",
  start: "first",
  timeout: "2 hours",
  resume: { mode: "continue" },
  states: {
    first: text({ question: "First?", next: "quick" }),
    quick: text({ question: "Quick, {first}?", next: "slow", timeout: { after: "30 minutes", next: "late" } }),
    slow: text({ question: "Slow?", next: "bye", timeout: "1 week" }),
    late: text({ question: "You are late, {first}. Why?", next: "bye" }),
    bye: end({ text: "Bye, {first}." }),
  },
});
