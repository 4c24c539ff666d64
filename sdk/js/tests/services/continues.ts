/** A redial goes on where it was, without asking. */

import { end, service, text } from "ngoma";

export default service({
  name: "continues",
  start: "first",
  resume: { mode: "continue" },
  states: {
    first: text({ question: "First?", next: "second" }),
    second: text({ question: "Second?", next: "bye" }),
    bye: end({ text: "{first}, {second}" }),
  },
});
