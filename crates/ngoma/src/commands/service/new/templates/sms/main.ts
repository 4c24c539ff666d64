/** {{name}}: people join by SMS with the word JOIN, and say how old their child is. */

import { end, number, service, text } from "ngoma";
import zulu from "./locale/zu.po";
import { stage } from "./stages.ts";

export default service({
  name: "{{name}}",
  languages: { en: "English", zu: "isiZulu" },
  translations: { zu: zulu },
  startWords: ["JOIN"],
  start: "age",
  states: {
    age: text({
      question: "Welcome. How many months old is your child?",
      check: number({ min: 0, max: 60, error: "Please reply with a number from {min} to {max}." }),
      next: "joined",
    }),
    joined: end({
      text: (ctx) => ctx.t("Thank you. You get messages about {stage}.", { stage: ctx.t(stage(Number(ctx.answers.age))) }),
      onEnter: (ctx) => {
        ctx.profile.age = ctx.answers.age;
      },
    }),
  },
});
