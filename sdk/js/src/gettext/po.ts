/** gettext's catalogues, as translators' programs write them: `.po`. */

/** An entry: what it translates, and its forms. */
export interface Entry {
  readonly context: string | undefined;
  readonly id: string;
  readonly forms: readonly string[];
}

type Part = "msgctxt" | "msgid" | "msgid_plural" | "msgstr";

/** A keyword, if it has one, and a text in quotes. */
const LINE = /^(?:(msgctxt|msgid_plural|msgid|msgstr)(?:\[(\d)\])?\s*)?"(.*)"$/u;
const ESCAPED: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", '"': '"', "\\": "\\" };

/** The entries of a file. A guess (`#, fuzzy`) is left out, and so are entries that are no longer used (`#~`). */
export function readPo(text: string): Entry[] {
  const entries: Entry[] = [];
  let reading = new Reading();
  const end = (): void => {
    const entry = reading.entry();
    if (entry !== undefined) entries.push(entry);
    reading = new Reading();
  };
  for (const [index, whole] of text.split(/\r?\n/u).entries()) {
    const line = whole.trim().replace(/^\uFEFF/u, "");
    if (line.startsWith("#")) {
      if (reading.hasForms()) end();
      if (line.startsWith("#,") && line.includes("fuzzy")) reading.isFuzzy = true;
    } else if (line !== "") {
      const [, keyword, form, quoted] = LINE.exec(line) ?? [];
      if (quoted === undefined) throw new SyntaxError(`line ${index + 1} of the catalogue cannot be read: ${line}`);
      if ((keyword === "msgctxt" || keyword === "msgid") && reading.hasForms()) end();
      reading.add(keyword as Part | undefined, Number(form ?? 0), unescape(quoted));
    }
  }
  end();
  return entries;
}

/** An entry while its lines are read. */
class Reading {
  isFuzzy = false;
  #part: Part = "msgid";
  #form = 0;
  readonly #texts: Partial<Record<Part, string[]>> = {};

  add(part: Part | undefined, form: number, text: string): void {
    if (part !== undefined) [this.#part, this.#form] = [part, form];
    const texts = (this.#texts[this.#part] ??= []);
    texts[this.#form] = (texts[this.#form] ?? "") + text;
    if (this.#part !== "msgstr") this.#form = 0;
  }

  hasForms(): boolean {
    return this.#texts.msgstr !== undefined;
  }

  entry(): Entry | undefined {
    const { msgctxt, msgid, msgstr } = this.#texts;
    const id = msgid?.[0];
    // The entry of the empty message is the file's head, which is often marked as a guess.
    if (id === undefined || msgstr === undefined || (this.isFuzzy && id !== "")) return undefined;
    return { context: msgctxt?.[0], id, forms: Array.from(msgstr, (form) => form ?? "") };
  }
}

function unescape(quoted: string): string {
  return quoted.replace(/\\(.)/gu, (_, character: string) => ESCAPED[character] ?? character);
}
