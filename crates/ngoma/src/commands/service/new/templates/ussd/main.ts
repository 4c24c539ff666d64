/** {{name}}: asks for a name and a town, and thanks by SMS. */

import { choice, end, language, sendSms, service, text } from "ngoma";
import zulu from "./locale/zu.po";
import { tidy } from "./names.ts";

const LANGUAGES = { en: "English", zu: "isiZulu" };

export default service({
  name: "{{name}}",
  languages: LANGUAGES,
  translations: { zu: zulu },
  start: "language",
  states: {
    language: language({ question: "Welcome. Your language?", options: LANGUAGES, next: "name" }),
    name: text({
      question: "What is your name?",
      check: (input) => ({ value: tidy(input) }),
      next: "town",
    }),
    town: choice({
      question: "Hello {name}. Where do you live?",
      options: { polokwane: "Polokwane", thohoyandou: "Thohoyandou" },
      next: "thanks",
    }),
    thanks: end({
      text: "Thank you. You get an SMS now.",
      onEnter: (ctx) => sendSms(ctx.address, ctx.t("Welcome, {name}.")),
    }),
  },
});
