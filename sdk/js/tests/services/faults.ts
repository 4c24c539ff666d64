/** What goes wrong in a service: a screen that is too long, an exception, a state that is not there. */

import { kv, menu, end, service, text } from "ngoma";

export default service({
  name: "faults",
  start: "which",
  states: {
    which: menu({
      question: "Which fault?",
      options: [
        { label: "Too long", next: "long" },
        { label: "Exception", next: "exception" },
        { label: "No such state", next: "lost" },
      ],
    }),
    long: text({ question: "Too long.".repeat(22), next: "bye" }),
    exception: end({
      text: "Never seen.",
      onEnter: async () => {
        await kv.set("half", "written");
        throw new RangeError("the author's mistake");
      },
    }),
    lost: text({ question: "Anything?", next: () => JSON.parse('"nowhere"') as "bye" }),
    bye: end({ text: "Bye." }),
  },
});
