/** A redial begins anew, without asking. */

import { end, service, text } from "ngoma";

export default service({
  name: "restarts",
  start: "first",
  resume: { mode: "restart" },
  states: {
    first: text({ question: "First?", next: "second" }),
    second: text({ question: "Second?", next: "bye" }),
    bye: end({ text: "{first}, {second}" }),
  },
});
