/** Registers expectant mothers for messages about their pregnancy, by USSD or SMS, in three languages. */

import { choice, date, daysFromToday, end, formatDate, language, menu, names, sendSms, service, text } from "ngoma";
import type { Context } from "ngoma";
import { CLINICS } from "./clinics.ts";
import french from "./locale/fr.po";
import isizulu from "./locale/zu.po";

/** The longest a due date may lie ahead, in days: 42 weeks. */
const LONGEST = 42 * 7;
const LANGUAGES = { en: "English", zu: "isiZulu", fr: "Français" };

/** What a mother tells us in one dialogue. */
interface Answers {
  dueDate?: string;
  clinic?: string;
}

export default service<Answers>()({
  name: "clinic",
  languages: LANGUAGES,
  translations: { zu: isizulu, fr: french },
  startWords: ["JOIN"],
  start: (ctx) => (isRegistered(ctx) ? "registration" : "language"),
  states: {
    language: language({
      question: "Welcome to MamaCare.\nYour language?",
      options: LANGUAGES,
      next: "consent",
    }),

    consent: choice({
      question: "MamaCare sends you free messages about your pregnancy. We keep your number, due date and clinic. Do you agree?",
      options: { yes: "Yes", no: "No" },
      next: { yes: "dueDate", no: "declined" },
    }),

    declined: end({
      text: "Thank you. We have kept nothing about you. You can dial *120*8864# again at any time.",
      onEnter: (ctx) => ctx.forget(),
    }),

    dueDate: text({
      question: (ctx) =>
        ctx.t("When is your baby due? Reply with the day, month and year, for example {example}.", {
          example: formatDate(daysFromToday(LONGEST / 2)),
        }),
      check: date({
        from: 0,
        to: LONGEST,
        unreadable: "We could not read that date. Reply with the day, month and year, for example {example}.",
        tooEarly: "That day has passed. Reply with a due date from {first} to {last}.",
        tooLate: "A pregnancy lasts at most 42 weeks. Reply with a due date up to {last}.",
      }),
      next: (_, ctx) => (ctx.answers.clinic === undefined ? "clinic" : "summary"),
    }),

    clinic: choice({ question: "Which clinic do you go to?", options: names(CLINICS), next: "summary" }),

    summary: choice({
      question: (ctx) => ctx.t("Please check:\nDue date: {due}\nClinic: {place}", details(ctx)),
      options: { confirm: "Confirm", change: "Change" },
      next: { confirm: "registered", change: "change" },
    }),

    change: menu({
      question: "What would you like to change?",
      options: [
        { label: "Due date", next: "dueDate" },
        { label: "Clinic", next: "clinic" },
      ],
    }),

    registered: end({ text: "Thank you, you are registered. You will soon get an SMS.", onEnter: register }),

    registration: menu({
      question: "Welcome back to MamaCare.",
      options: [
        { label: "See my registration", next: "see" },
        { label: "Change clinic", next: "newClinic" },
        { label: "Unregister", next: "unregister" },
      ],
    }),

    see: end({ text: (ctx) => ctx.t("Your registration:\nDue date: {due}\nClinic: {place}", details(ctx)) }),

    newClinic: choice({
      question: "Which clinic do you go to?",
      options: names(CLINICS),
      onAnswer: (clinic, ctx) => {
        ctx.profile.clinic = clinic;
      },
      next: "clinicChanged",
    }),

    clinicChanged: end({ text: (ctx) => ctx.t("Your clinic is now {place}.", details(ctx)) }),

    unregister: choice({
      question: "Stop all messages and delete what we know about you?",
      options: { yes: "Yes", no: "No" },
      next: { yes: "unregistered", no: "kept" },
    }),

    unregistered: end({
      text: "You are no longer registered and your details are deleted. We wish you and your baby well.",
      onEnter: (ctx) => {
        ctx.forget();
        ctx.count("unregistrations");
      },
    }),

    kept: end({ text: "Nothing has changed. You are still registered." }),
  },
});

async function register(ctx: Context<Answers>): Promise<void> {
  ctx.profile.dueDate = ctx.answers.dueDate;
  ctx.profile.clinic = ctx.answers.clinic;
  await sendSms(
    ctx.address,
    ctx.t(
      "MamaCare: you are registered. Due date: {due}. Clinic: {place}. Dial *120*8864# to see or change this.",
      details(ctx),
    ),
  );
  ctx.count("registrations");
}

function isRegistered(ctx: Context<Answers>): boolean {
  return ctx.profile.clinic !== undefined;
}

/** The due date and the clinic as a person reads them: from this dialogue, or as registered. */
function details(ctx: Context<Answers>): { due: string; place: string } {
  const dueDate = String(ctx.profile.dueDate ?? ctx.answers.dueDate);
  const clinic = String(ctx.profile.clinic ?? ctx.answers.clinic);
  return { due: formatDate(dueDate), place: CLINICS[clinic] ?? clinic };
}
