/** Translations in every form: a `.po` text, Jed's JSON in the config, a plain object; and plurals of several languages. */

import { end, fromConfig, language, number, service, text } from "ngoma";

const LANGUAGES = { en: "English", pl: "Polski", ar: "Arabic", fr: "French", zu: "isiZulu", ga: "Gaeilge" };

/** Three forms, a context, a text over several lines, a guess, an entry no longer used. */
const POLISH = String.raw`# Translators' names come here.
#, fuzzy
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\n"

#: main.ts:1
msgctxt "verb"
msgid "Open"
msgstr "Otworz"

msgctxt "adjective"
msgid "Open"
msgstr "Otwarte"

msgid "How many \"eggs\"?\n"
"And whose?"
msgstr ""
"Ile \"jajek\"?\n"
"I czyje?"

msgid "{n} egg for {who}"
msgid_plural "{n} eggs for {who}"
msgstr[0] "{n} jajko dla {who}"
msgstr[1] "{n} jajka dla {who}"
msgstr[2] "{n} jajek dla {who}"

#, fuzzy, c-format
msgid "From {min} to {max}."
msgstr "Guess."

#~ msgid "Gone"
#~ msgstr "Dawno"
`;

const ARABIC = String.raw`msgid ""
msgstr "Plural-Forms: nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);\n"

msgid "{n} egg for {who}"
msgid_plural "{n} eggs for {who}"
msgstr[0] "zero"
msgstr[1] "one"
msgstr[2] "two"
msgstr[3] "few"
msgstr[4] "many"
msgstr[5] "other"
`;

const IRISH = {
  domain: "messages",
  locale_data: {
    messages: {
      "": { plural_forms: "nplurals=5; plural=n==1 ? 0 : n==2 ? 1 : !(n>6) ? 2 : n<11 ? 3 : 4" },
      "{n} egg for {who}": ["aon", "dha", "cupla", "roinnt", ""],
      "verb\u0004Open": ["Oscail"],
    },
  },
};

export default service({
  name: "catalogues",
  languages: LANGUAGES,
  translations: {
    pl: POLISH,
    ar: ARABIC,
    fr: fromConfig("translation.fr"),
    zu: { "{n} egg for {who}": "Iqanda" },
    ga: IRISH,
  },
  start: "language",
  states: {
    language: language({ question: "Language?", options: LANGUAGES, next: "count" }),
    count: text({
      question: (ctx) => [ctx.profile.told, ctx.t('How many "eggs"?\nAnd whose?')].filter(Boolean).join("\n"),
      check: number({ min: 0, max: 1000, error: "From {min} to {max}." }),
      next: (n) => (n === "999" ? "bye" : "count"),
      onAnswer: (n, ctx) => {
        ctx.profile.told = ctx.tn("{n} egg for {who}", "{n} eggs for {who}", Number(n), { who: "Ola" });
      },
    }),
    bye: end({
      text: (ctx) =>
        [ctx.t("Open", {}, { context: "verb" }), ctx.t("Open", {}, { context: "adjective" }), ctx.t("Open"), ctx.t("Gone")].join(),
    }),
  },
});
