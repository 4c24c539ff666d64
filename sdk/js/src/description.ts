/**
 * What a service says about itself to the author's tools: its states, where each may lead, and every screen it can show.
 *
 * The runtime sends the command `describe`; the library answers with one request, `service.description`, whose field
 * `description` is a [`ServiceDescription`], and ends the step. Every other resource refuses meanwhile, so that nothing
 * is sent, stored or called.
 */

/** A service, as described. Fields may be added; none changes its meaning under the same `version`. */
export interface ServiceDescription {
  readonly version: 1;
  readonly name: string;
  /** Codes of languages; the first is the one the messages are written in. */
  readonly languages: readonly string[];
  /** Where a dialogue may begin. */
  readonly start: Leads;
  /** Where a dialogue may go by itself: after a time-out of the service. */
  readonly elsewhere: Leads;
  readonly states: readonly StateDescription[];
  /** Every screen in every language on every channel, as far as they can be made without a person. */
  readonly screens: readonly ScreenDescription[];
  /** What has no translation, by language. */
  readonly missing: readonly Missing[];
}

/** Where something leads. */
export interface Leads {
  /** Names of states. */
  readonly states: readonly string[];
  /**
   * A function decides. `states` then holds the names that stand in its source; where it holds none, it may lead
   * anywhere.
   */
  readonly isComputed: boolean;
}

/** A state. */
export interface StateDescription {
  readonly name: string;
  /** `text`, `choice`, `menu`, `language`, `booklet`, `form`, `end`, `handOver`, or `custom` for the author's own. */
  readonly kind: string;
  readonly leads: Leads;
  /** The dialogue ends here. */
  readonly isEnd: boolean;
  /** The values of its options, where they are known. */
  readonly options: readonly string[];
  /** Its messages, as they are written in the source language. */
  readonly texts: readonly string[];
  /** Some of its texts or options are made by functions: what `screens` and `texts` tell is not all. */
  readonly isComputed: boolean;
  /** Why its screens could not be made, if so: `TypeError: …`. */
  readonly failure?: string;
}

/** One screen. What answers and values would fill in is still written `{name}`. */
export interface ScreenDescription {
  readonly state: string;
  readonly language: string;
  readonly channel: "ussd" | "sms" | "whatsapp";
  /** The number of the page, as the service counts: from 0 in a list, otherwise in a form. */
  readonly page: number;
  readonly text: string;
  /** `ucs2` as soon as one character is not in GSM 03.38. `length` and `limit` are then in UCS-2 units, else in septets. */
  readonly encoding: "gsm" | "ucs2";
  readonly length: number;
  readonly limit: number;
  /** The names in braces, whose values make it longer or shorter. */
  readonly placeholders: readonly string[];
}

/** A message without a translation. */
export interface Missing {
  readonly language: string;
  readonly message: string;
  /** Where it is said; none where the service itself says it. */
  readonly states: readonly string[];
}
