/** A form: questions that depend on others, a list of options, its last page over several screens, and its result. */

import { end, form, menu, names, number, phone, service } from "ngoma";

const TOWNS = names({ polokwane: "Polokwane", thohoyandou: "Thohoyandou", giyani: "Giyani", musina: "Musina" });
const NUMBER = "Reply with a telephone number.";

export default service({
  name: "forms",
  languages: { en: "English", zu: "isiZulu" },
  start: (ctx) => (ctx.profile.joined === true ? "again" : "join"),
  states: {
    join: form({
      fields: {
        name: { question: "What is your name?", label: "Name" },
        age: { question: "How old are you, {name}?", label: "Age", check: number({ min: 12, max: 120, error: "From {min} to {max}." }) },
        guardian: {
          question: "A grown-up's number?",
          label: "Grown-up",
          check: phone({ callingCode: "27", digits: 9, error: NUMBER }),
          when: (ctx) => Number(ctx.answers.age) < 18,
        },
        town: { question: "Which town?", label: "Town", options: TOWNS },
        visit: { question: "Shall we visit?", label: "Visit", options: { yes: "Yes", no: "No" }, error: "1 or 2." },
      },
      onDone: (result, ctx) => {
        ctx.profile.joined = true;
        ctx.profile.summary = `${result.name}/${result.age}/${result.guardian ?? "-"}/${result.town}/${result.visit}`;
      },
      next: (result) => (result.visit === "yes" ? "visit" : "bye"),
    }),
    again: menu({ question: "Welcome back.", options: [{ label: "Tell a long story", next: "story" }] }),
    story: form({
      onEnter: (ctx) => {
        ctx.answers.first = "known before";
      },
      fields: {
        first: { question: "First?" },
        second: { question: "Second?" },
        third: { question: "Third?", shown: (answer) => answer.toUpperCase() },
      },
      confirm: "Is this right?",
      yes: "It is",
      change: "It is not",
      which: "Which part?",
      next: "told",
    }),
    told: end({ text: "{first}; {second}; {third}" }),
    visit: end({ text: "We come to {town}: {summary}" }),
    bye: end({ text: "Thank you: {name}" }),
  },
});
