/** Checked free text, branches, options made at run time, and what a person typed shown back to them. */

import { choice, end, metrics, number, ok, phone, problem, service, text } from "ngoma";

const VILLAGES = ["Ga-Dikgale", "Ga-Mothapo", "Solomondale"];

export default service({
  name: "survey",
  languages: { en: "English", fr: "Français" },
  translations: { fr: { "How old are you?": "Quel est votre âge ?" } },
  start: "name",
  states: {
    name: text({
      question: "What is your name?",
      check: async (input) => (input.length > 20 ? await problem("At most {most} letters, please.", { most: 20 }) : ok(input)),
      next: "age",
    }),
    age: text({
      question: "How old are you?",
      check: number({ min: 12, max: 120, error: "Reply with a number from {min} to {max}." }),
      next: (age) => (Number(age) < 18 ? "tooYoung" : "friend"),
    }),
    friend: text({
      question: "Dear {name}, a friend's number?",
      check: phone({ callingCode: "27", digits: 9, error: "Reply with a telephone number." }),
      next: "village",
    }),
    village: choice({
      question: "Which village?",
      options: async () => VILLAGES.map((label, index) => ({ value: `v${index}`, label })),
      onAnswer: (_, ctx) => {
        ctx.language = "fr";
      },
      next: "again",
    }),
    again: choice({
      question: "How old are you?",
      options: { same: "{age}", other: "Other" },
      next: { same: "done", other: "age" },
    }),
    tooYoung: end({ text: "Thank you, {name}. You must be 18." }),
    done: end({ text: "{name}, {age}, {friend}, {village}, {nothing}", onEnter: () => metrics.count("done") }),
  },
});
