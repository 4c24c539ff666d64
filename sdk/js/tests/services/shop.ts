/** One definition for every channel: few options, some, many, long labels, and words of the author's own. */

import { choice, end, names, service } from "ngoma";

const letters = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`id${index + 1}`, `Thing ${index + 1}`]));

export default service({
  name: "shop",
  start: "few",
  states: {
    few: choice({ question: "Few?", options: { yes: "Yes", no: "No", maybe: "Perhaps" }, next: "some" }),
    some: choice({ question: "Some?", options: letters(10), choose: "Look", next: "many" }),
    many: choice({ question: "Many?", options: names(letters(25)), more: "More things", next: "long" }),
    long: choice({
      question: "Long?",
      options: { a: "A label that is longer than twenty-four", b: "Short" },
      next: "middling",
    }),
    middling: choice({ question: "Middling?", options: { a: "Longer than twenty in it", b: "Short" }, next: "swapped" }),
    // Values that are numbers, in another order than the options.
    swapped: choice({
      question: "Swapped?",
      options: [
        { value: "2", label: "Two" },
        { value: "1", label: "One" },
      ],
      next: "alike",
    }),
    alike: choice({ question: "Alike?", options: { a: "Same", b: "Same" }, next: "bye" }),
    bye: end({ text: "{few}, {some}, {many}, {long}, {middling}, {swapped}, {alike}" }),
  },
});
