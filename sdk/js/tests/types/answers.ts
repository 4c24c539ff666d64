/** Where a service says what its answers are, the compiler holds both sides to it. */

import { choice, contacts, end, form, handOver, later, names, number, service, text, variant } from "ngoma";
import type { Context } from "ngoma";

type Town = "polokwane" | "thohoyandou";

interface Answers {
  name: string;
  town: Town;
  visit?: "yes" | "no";
}

function isA<Expected>(value: Expected): Expected {
  return value;
}

export const good = service<Answers>()({
  name: "good",
  languages: { en: "English", zu: "isiZulu" },
  translations: { zu: {} },
  start: (ctx) => (ctx.answers.name === "" ? "name" : "town"),
  states: {
    name: text({ question: (ctx) => isA<Town>(ctx.answers.town), check: number({ min: 1, max: 2, error: "" }), next: "town" }),
    town: choice({
      question: "Town, {name}?",
      options: { polokwane: "Polokwane", thohoyandou: "Thohoyandou" },
      next: (town, ctx) => (isA<Town>(town) === "polokwane" && isA<string>(ctx.answers.name) !== "" ? "sheet" : "bye"),
    }),
    sheet: form({
      fields: {
        age: { question: "Age?" },
        visit: { question: "Visit?", options: { yes: "Yes", no: "No" } },
        clinic: { question: "Clinic?", options: names({ a: "A", b: "B" }), when: (ctx) => isA<Town>(ctx.answers.town) !== "polokwane" },
      },
      onDone: async (result, ctx) => {
        isA<string>(result.age);
        isA<"yes" | "no">(result.visit);
        isA<"a" | "b" | undefined>(result.clinic);
        // @ts-expect-error no such field
        result.agge;
        isA<"short" | "long">(variant(ctx, "greeting", ["short", "long"], { weights: { short: 2 } }));
        // @ts-expect-error no such variant
        variant(ctx, "greeting", ["short", "long"], { weights: { shrot: 2 } });
        await later(ctx, { in: "2 days" }, ctx.tn("{n} day", "{n} days", 2));
        await contacts.of(ctx);
      },
      next: "bye",
    }),
    desk: handOver({ to: "desk", text: "{name}", reason: (ctx) => ctx.answers.town, for: "1 day" }),
    bye: end({ text: (ctx) => greet(ctx), onEnter: remember }),
  },
});

function greet(ctx: Context<Answers>): string {
  // @ts-expect-error no such answer
  ctx.answers.nmae;
  return ctx.answers.name;
}

async function remember(ctx: Context<Answers>): Promise<void> {
  ctx.profile.town = ctx.answers.town;
}

export const wrong = service<Answers>()({
  name: "wrong",
  start: "name",
  states: {
    // @ts-expect-error what is typed is no town
    town: text({ question: "Town?", next: "name" }),
    // @ts-expect-error "maybe" is no such answer
    visit: choice({ question: "Visit?", options: { yes: "Yes", maybe: "Maybe" }, next: "name" }),
    // @ts-expect-error no such answer
    name: text({ question: (ctx) => ctx.answers.nmae, next: "town" }),
  },
});
