/** Takes reports of broken water points, thanks, asks later whether they are mended, and hands the ill to a person. */

import { choice, contacts, end, form, groups, handOver, later, menu, number, reached, service, variant } from "ngoma";
import type { Context } from "ngoma";
import { FAULTS, daysUntilAsked } from "./faults.ts";
import type { Fault } from "./faults.ts";
import swahili from "./locale/sw.po";

/** What a person tells us in one dialogue. */
interface Answers {
  place: string;
  fault: Fault;
  days: string;
}

export default service<Answers>()({
  name: "water",
  languages: { en: "English", sw: "Kiswahili" },
  translations: { sw: swahili },
  startWords: ["WATER", "MAJI"],
  // A report left for longer than this is begun anew: the pump may be mended by then.
  timeout: "1 day",
  start: (ctx) => {
    const word = (ctx.message.content ?? "").trim().toLowerCase();
    if (word === "maji") ctx.language = "sw";
    if (word === "water") ctx.language = "en";
    return "welcome";
  },
  states: {
    welcome: menu({
      question: welcome,
      options: [
        { label: "Report a fault", next: "report" },
        { label: "Talk to a person", next: "desk" },
        { label: "English / Kiswahili", next: "other", isName: true },
      ],
    }),

    other: menu({
      onEnter: (ctx) => {
        ctx.language = ctx.language === "sw" ? "en" : "sw";
      },
      question: welcome,
      options: [
        { label: "Report a fault", next: "report" },
        { label: "Talk to a person", next: "desk" },
      ],
    }),

    report: form({
      fields: {
        place: { question: "Where is the water point? Write the village and what is near it.", label: "Place" },
        fault: { question: "What is wrong?", label: "Fault", options: FAULTS },
        days: {
          question: "For how many days?",
          label: "Days",
          check: number({ min: 0, max: 365, error: "Reply with a number from {min} to {max}." }),
        },
      },
      confirm: "Is this right?",
      yes: "Send it",
      onDone: keep,
      next: ({ fault }) => (fault === "dirty" ? "ill" : "thanks"),
    }),

    ill: choice({
      question: "Has anybody become ill from the water?",
      options: { yes: "Yes", no: "No" },
      next: { yes: "nurse", no: "thanks" },
    }),

    thanks: end({
      text: (ctx) => {
        const sent = Number(ctx.profile.sent);
        return ctx.tn("Thank you. You have sent {n} report.", "Thank you. You have sent {n} reports.", sent);
      },
    }),

    nurse: handOver({
      to: "desk",
      text: "Do not drink it unless you boil it. A nurse writes to you soon.",
      reason: (ctx) => `Ill from dirty water: ${ctx.answers.place}`,
      for: "2 days",
    }),

    desk: handOver({ to: "desk", text: "Write your question. A person answers soon.", for: "1 day" }),
  },
});

/** Two wordings, to learn which brings more reports. */
function welcome(ctx: Context<Answers>): string {
  return variant(ctx, "welcome", ["plain", "warm"]) === "plain"
    ? ctx.t("Water desk.")
    : ctx.t("Water desk. Each report helps your whole village.");
}

/** Keeps the person with the report, and asks later whether the water is back. */
async function keep(report: Answers, ctx: Context<Answers>): Promise<void> {
  const contact = await contacts.of(ctx);
  await contacts.updateExtra(contact.key, { place: report.place, fault: report.fault });
  await contacts.join(contact, (await groups.getOrCreate("Water reports")).key);
  ctx.profile.sent = Number(ctx.profile.sent ?? 0) + 1;
  const days = daysUntilAsked(report.fault, Number(report.days));
  await later(ctx, { in: `${days} days` }, ctx.t("Is the water back at {place}? If it is not, send WATER."));
  ctx.count(`reports.${report.fault}`);
  reached(ctx, "welcome");
}
