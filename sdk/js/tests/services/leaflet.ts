/** Booklets: one in GSM 03.38, one that needs UCS-2, and a word longer than a screen. */

import { booklet, end, menu, service } from "ngoma";

const ENGLISH =
  "Eat well: beans, eggs, fish, green vegetables and fruit each day. Drink clean water. Do not drink alcohol and do not smoke.\n" +
  "Go to the clinic before the twentieth week, and then eight times. Take the iron tablets that the nurse gives you.\n" +
  "Go at once if you bleed, if your head aches and does not stop, or if the baby moves less than before.";
const AMHARIC = "ጤናማ ምግብ ይመገቡ። ንጹህ ውሃ ይጠጡ። ወደ ጤና ጣቢያ በየጊዜው ይሂዱ። ደም ከፈሰሰዎት ወዲያውኑ ወደ ጤና ጣቢያ ይሂዱ።";

export default service({
  name: "leaflet",
  start: "which",
  states: {
    which: menu({
      question: "Which leaflet?",
      options: [
        { label: "English", next: "english" },
        { label: "Amharic", next: "amharic" },
        { label: "One word", next: "word" },
      ],
    }),
    english: booklet({ text: ENGLISH, next: "bye" }),
    amharic: booklet({ text: AMHARIC, done: "ጨርስ", more: "ቀጥል", back: "ተመለስ", next: "bye" }),
    word: booklet({ text: "x".repeat(300), next: "bye" }),
    bye: end({ text: "Stay well." }),
  },
});
