/// <reference path="../globals.d.ts" />
/** The library for services: `import { service, text, choice, end } from "ngoma"`. */

export { service } from "./service.ts";
export { text } from "./states/text.ts";
export { choice } from "./states/choice.ts";
export { names } from "./states/options.ts";
export { menu } from "./states/menu.ts";
export { paginatedChoice } from "./states/paginated_choice.ts";
export { language } from "./states/language.ts";
export { form } from "./states/form/form.ts";
export { booklet } from "./states/booklet.ts";
export { end } from "./states/end.ts";
export { handBack, handOver } from "./states/hand_over.ts";
export { date, daysFromToday, formatDate, number, ok, phone, problem } from "./validate.ts";
export { fromConfig } from "./gettext/catalogue.ts";
export { later } from "./later.ts";
export { reached, variant } from "./variant.ts";
export { measure } from "./screen.ts";
export { config } from "./resources/config.ts";
export { contacts } from "./resources/contacts.ts";
export { groups } from "./resources/groups.ts";
export { http } from "./resources/http.ts";
export { kv } from "./resources/kv.ts";
export { log } from "./resources/log.ts";
export { messages } from "./resources/messages.ts";
export { metrics } from "./resources/metrics.ts";
export { optOuts } from "./resources/opt_outs.ts";
export { outbound, sendSms } from "./resources/outbound.ts";
export { ResourceError } from "./resources/request.ts";
export { describe } from "./describe.ts";

export type { ServiceDescription } from "./description.ts";
export type { Duration } from "./duration.ts";
export type { Plain as Catalogue, Translations } from "./gettext/catalogue.ts";
export type { Contact, ContactFields } from "./resources/contacts.ts";
export type { Group } from "./resources/groups.ts";
export type { QuickReplies } from "./resources/outbound.ts";
export type { Definition, Resume } from "./service.ts";
export type { Field, Form, Result } from "./states/form/field.ts";
export type { Options } from "./states/options.ts";
export type { Check, Verdict } from "./validate.ts";
export type { Answers, Context, InboundEvent, InboundMessage, Next, Profile } from "./types.ts";
export type { Shown, State, Text, Timeout } from "./types.ts";
