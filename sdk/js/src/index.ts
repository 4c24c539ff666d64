/// <reference path="../globals.d.ts" />
/** The library for services: `import { service, text, choice, end } from "ngoma"`. */

export { service } from "./service.ts";
export { text } from "./states/text.ts";
export { choice } from "./states/choice.ts";
export { language } from "./states/language.ts";
export { menu } from "./states/menu.ts";
export { paginatedChoice } from "./states/paginated_choice.ts";
export { booklet } from "./states/booklet.ts";
export { end } from "./states/end.ts";
export { date, daysFromToday, formatDate, number, ok, phone, problem } from "./validate.ts";
export { measure } from "./screen.ts";
export { config } from "./resources/config.ts";
export { http } from "./resources/http.ts";
export { kv } from "./resources/kv.ts";
export { log } from "./resources/log.ts";
export { metrics } from "./resources/metrics.ts";
export { outbound, sendSms } from "./resources/outbound.ts";
export { ResourceError } from "./resources/request.ts";

export type { Definition, Resume } from "./service.ts";
export type { Options } from "./states/options.ts";
export type { Check, Verdict } from "./validate.ts";
export type { Catalogue } from "./translate.ts";
export type { Answers, Context, InboundEvent, InboundMessage, Next, Profile, State, Text } from "./types.ts";
