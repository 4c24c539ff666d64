/** Every way from state to state, and one state that nothing leads to. */

import { end, form, menu, service, text } from "ngoma";

export default service({
  name: "leads",
  start: () => "named",
  timeout: { after: "1 week", next: "forgotten" },
  states: {
    named: text({
      question: "Named?",
      next: (answer) => (answer === "form" ? "asked" : "listed"),
      timeout: { after: "1 hour", next: "late" },
    }),
    asked: form({ fields: { why: { question: "Why?" } }, next: () => "bye" }),
    listed: menu({ question: "Listed?", options: [{ label: "Bye", next: "bye" }] }),
    late: end({ text: "Late." }),
    forgotten: end({ text: "Forgotten." }),
    bye: end({ text: "Bye." }),
    lost: end({ text: "Lost." }),
  },
});
