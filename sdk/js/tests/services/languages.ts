/** A list whose labels need UCS-2 on some pages only. */

import { end, paginatedChoice, service } from "ngoma";

const LANGUAGES = {
  af: "Afrikaans", am: "አማርኛ (Amharic)", ar: "العربية (Arabic)", en: "English", fr: "Français", ha: "Hausa",
  ig: "Igbo", nso: "Sepedi", pt: "Português", sn: "chiShona", so: "Soomaali", st: "Sesotho", sw: "Kiswahili",
  ti: "ትግርኛ (Tigrinya)", tn: "Setswana", ts: "Xitsonga", ve: "Tshivenda", xh: "isiXhosa", yo: "Yorùbá", zu: "isiZulu",
};

export default service({
  name: "languages",
  start: "language",
  states: {
    language: paginatedChoice({ question: "Your language?", options: LANGUAGES, next: "bye" }),
    bye: end({ text: (ctx) => `Kept: ${ctx.answers.language}` }),
  },
});
