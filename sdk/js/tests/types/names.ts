/** The compiler knows the states: every line that a comment marks must be refused. */

import { booklet, choice, end, form, language, menu, service, text } from "ngoma";

export const good = service({
  name: "good",
  start: "name",
  timeout: { after: "1 day", next: "bye" },
  states: {
    name: text({ question: "Name?", next: "town" }),
    town: choice({ question: "Town?", options: { a: "A", b: "B" }, next: { a: "bye", b: "name" } }),
    other: choice({ question: "Town?", options: { a: "A", b: "B" }, next: "bye" }),
    tongue: language({ question: "Language?", options: { en: "English" }, next: "bye" }),
    where: menu({ question: "Where?", options: [{ label: "Name", next: "name" }], timeout: "10 minutes" }),
    about: booklet({ text: "Long.", next: (_, ctx) => (ctx.answers.name === "x" ? "name" : "bye") }),
    sheet: form({ fields: { age: { question: "Age?" } }, next: "bye" }),
    bye: end({ text: "Bye." }),
  },
});

export const lost = service({
  name: "lost",
  // @ts-expect-error no such state
  start: "nmae",
  states: {
    // @ts-expect-error no such state
    name: text({ question: "Name?", next: "twon" }),
    // @ts-expect-error no such state
    town: choice({ question: "Town?", options: { a: "A", b: "B" }, next: { a: "bye", b: "nmae" } }),
    // @ts-expect-error no such state
    other: choice({ question: "Town?", options: { a: "A", b: "B" }, next: "by" }),
    // @ts-expect-error an option leads nowhere
    half: choice({ question: "Town?", options: { a: "A", b: "B" }, next: { a: "bye" } }),
    // @ts-expect-error no such state
    tongue: language({ question: "Language?", options: { en: "English" }, next: "by" }),
    // @ts-expect-error no such state
    where: menu({ question: "Where?", options: [{ label: "Name", next: "nmae" }] }),
    // @ts-expect-error no such state
    about: booklet({ text: "Long.", next: () => "by" }),
    // @ts-expect-error no such state
    sheet: form({ fields: { age: { question: "Age?" } }, next: "by" }),
    // @ts-expect-error no such state
    slow: text({ question: "Slow?", next: "bye", timeout: { after: "1 hour", next: "by" } }),
    // @ts-expect-error no span of time
    slower: text({ question: "Slow?", next: "bye", timeout: "1 moon" }),
    bye: end({ text: "Bye." }),
  },
});

export const tongues = service({
  name: "tongues",
  languages: { en: "English", zu: "isiZulu" },
  // @ts-expect-error no such language
  translations: { zu: { Bye: "Hamba kahle" }, xh: {} },
  start: "bye",
  states: { bye: end({ text: "Bye" }) },
});

export const computed = service({
  name: "computed",
  start: () => "a",
  states: {
    a: text({ question: "A?", next: () => "b" }),
    b: form({ fields: { q: { question: "Q?" } }, next: () => "c" }),
    c: choice({ question: "C?", options: { x: "X" }, next: () => "d" }),
    d: choice({ question: "D?", options: () => ({ x: "X" }), next: (_) => "e" }),
    e: language({ question: "E?", options: { en: "English" }, next: () => "f" }),
    f: booklet({ text: "F.", next: () => "bye" }),
    bye: end({ text: "Bye." }),
  },
});
