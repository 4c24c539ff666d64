/** How long a text is on a phone: GSM 03.38 septets, or UCS-2 units as soon as one character needs them. */

const GSM_BASIC = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿" +
    "abcdefghijklmnopqrstuvwxyzäöñüà",
);
/** Each of these takes two septets: an escape and itself. */
const GSM_EXTENSION = new Set("^{}\\[~]|€\f");

/** How much fits: septets if every character is in GSM 03.38, UCS-2 units otherwise. */
export interface Limits {
  readonly septets: number;
  readonly units: number;
}

/** A USSD screen. */
export const USSD_SCREEN: Limits = { septets: 182, units: 80 };
/** One SMS that needs no joining. */
export const SMS_SEGMENT: Limits = { septets: 160, units: 70 };
/** The text over the buttons or the list of a WhatsApp message. */
export const WHATSAPP_BODY: Limits = { septets: 1024, units: 1024 };

/** A text's encoding and its length in it. */
export interface Measure {
  readonly encoding: "gsm" | "ucs2";
  readonly length: number;
}

/** Measures a text as a phone network does. */
export function measure(text: string): Measure {
  let septets = 0;
  for (const character of text) {
    if (GSM_BASIC.has(character)) septets += 1;
    else if (GSM_EXTENSION.has(character)) septets += 2;
    else return { encoding: "ucs2", length: text.length };
  }
  return { encoding: "gsm", length: septets };
}

/** Whether a text fits. */
export function fits(text: string, limits: Limits): boolean {
  const { encoding, length } = measure(text);
  return length <= (encoding === "gsm" ? limits.septets : limits.units);
}

/**
 * A screen of a question and the lines under it, with what was wrong above them. Where that is too long the question
 * goes, and where it still is, the person sees the screen they know.
 */
export function compose(question: string, lines: readonly string[], error: string | undefined, limits: Limits): string {
  const plain = [question, ...lines].join("\n");
  if (error === undefined) return plain;
  const whole = `${error}\n${plain}`;
  if (fits(whole, limits)) return whole;
  const short = [error, ...lines].join("\n");
  return fits(short, limits) ? short : plain;
}

/** Cuts a text into a head that `accept`s and the rest, between words where it can. The head is never empty. */
export function cut(text: string, accept: (head: string) => boolean): [head: string, rest: string] {
  const byWord = longest(text.match(/\s*\S+/gu) ?? [], accept);
  const head = byWord !== "" ? byWord : longest([...text], accept) || [...text].slice(0, 1).join("");
  return [head, text.slice(head.length).trimStart()];
}

function longest(pieces: readonly string[], accept: (head: string) => boolean): string {
  let head = "";
  for (const piece of pieces) {
    if (!accept(head + piece)) return head;
    head += piece;
  }
  return head;
}
