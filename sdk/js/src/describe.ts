/** Describes a service for the author's tools: makes its screens for a stranger, in every language on every channel. */

import { StepContext } from "./context.ts";
import type { Leads, Missing, ScreenDescription, ServiceDescription, StateDescription } from "./description.ts";
import { isFromConfig } from "./gettext/catalogue.ts";
import type { Person } from "./person.ts";
import { ResourceError, request, whileRefusing } from "./resources/request.ts";
import { offerScreen } from "./resume.ts";
import { measure } from "./screen.ts";
import type { Definition } from "./service.ts";
import type { About, InboundMessage, State } from "./types.ts";

/** The most pages of one state that are described. */
const MOST_PAGES = 50;
/** Who looks. */
const STRANGER = "+10000000000";

/** Describes a service and hands the description to the runtime. */
export async function answerDescribe(definition: Definition): Promise<void> {
  const description = await whileRefusing(() => describe(definition));
  await request("service.description", { description });
}

/** Describes a service, but for the languages whose translations are in the config. */
export async function describe(given: Definition): Promise<ServiceDescription> {
  const names = Object.keys(given.states);
  const languages = Object.keys(given.languages ?? { en: "English" });
  const known = languages.filter((code) => !isFromConfig(given.translations?.[code]));
  const translations = Object.fromEntries(known.map((code) => [code, given.translations?.[code] ?? {}]));
  const definition = { ...given, translations };
  const seen = new Seen();
  const states: StateDescription[] = [];
  for (const name of names) {
    const state = definition.states[name] as State;
    const found = await showAll(definition, name, state, known, seen);
    states.push({ ...describeState(name, state, names), ...found });
  }
  await sayTheRest(definition, known, seen);
  return {
    version: 1,
    name: definition.name,
    languages,
    start: readLeads([definition.start], names),
    elsewhere: readLeads(typeof definition.timeout === "object" ? [definition.timeout.next] : [], names),
    states,
    screens: seen.screens,
    missing: seen.missing(),
  };
}

/** What was found on the way. */
class Seen {
  readonly screens: ScreenDescription[] = [];
  readonly #missing = new Map<string, { language: string; message: string; states: string[] }>();

  addMissing(language: string, messages: Iterable<string>, state?: string): void {
    for (const message of messages) {
      const key = `${language}\n${message}`;
      const known = this.#missing.get(key) ?? { language, message, states: [] };
      if (state !== undefined && !known.states.includes(state)) known.states.push(state);
      this.#missing.set(key, known);
    }
  }

  missing(): Missing[] {
    return [...this.#missing.values()];
  }
}

function describeState(name: string, state: State, names: readonly string[]): StateDescription {
  const about: About = state.about ?? { kind: "custom", leads: [], texts: [], isComputed: true };
  const ways = state.timeout !== undefined && typeof state.timeout === "object" ? [state.timeout.next] : [];
  const leads = readLeads([...about.leads, ...ways], names);
  return {
    name,
    kind: about.kind,
    // The author's own state may lead anywhere.
    leads: state.about === undefined && state.take !== undefined ? { ...leads, isComputed: true } : leads,
    isEnd: state.take === undefined,
    options: about.options ?? [],
    texts: about.texts,
    isComputed: about.isComputed,
  };
}

/** Names as they are; of a function, the names of states that stand in its source. */
function readLeads(leads: readonly unknown[], names: readonly string[]): Leads {
  const found = new Set<string>();
  for (const lead of leads) {
    if (typeof lead === "string") found.add(lead);
    else if (typeof lead === "function") namesIn(String(lead), names).forEach((name) => found.add(name));
  }
  return { states: [...found], isComputed: leads.some((lead) => typeof lead === "function") };
}

function namesIn(source: string, names: readonly string[]): string[] {
  const quoted = new Set([...source.matchAll(/(["'`])((?:(?!\1).)*)\1/gsu)].map((match) => match[2]));
  return names.filter((name) => quoted.has(name));
}

/** Makes every screen of a state; says what stopped it, if something did. One that asks a resource is not at fault. */
async function showAll(
  definition: Definition,
  name: string,
  state: State,
  languages: readonly string[],
  seen: Seen,
): Promise<Pick<StateDescription, "failure"> | { isComputed: true }> {
  try {
    for (const language of languages) {
      for (const channel of ["ussd", "sms", "whatsapp"] as const) {
        const ctx = await StepContext.open(definition, stranger(language), STRANGER, dial(channel));
        await showPages(name, state, ctx, channel, seen);
        seen.addMissing(language, ctx.missing, name);
      }
    }
    return {};
  } catch (error) {
    return error instanceof ResourceError ? { isComputed: true } : { failure: String(error) };
  }
}

/** Says what no screen holds: what is said of wrong answers, and the offer to go on. */
async function sayTheRest(definition: Definition, languages: readonly string[], seen: Seen): Promise<void> {
  for (const language of languages) {
    const open = (): Promise<StepContext> =>
      StepContext.open(definition, stranger(language), STRANGER, dial("ussd"));
    for (const [name, { about }] of Object.entries<State>(definition.states)) {
      const ctx = await open();
      about?.texts.forEach((text) => ctx.t(text));
      seen.addMissing(language, ctx.missing, name);
    }
    const ctx = await open();
    // A question that is made of a person's answers cannot be made here.
    const isOffered = (definition.resume?.mode ?? "offer") === "offer";
    if (isOffered) await offerScreen(definition.resume, ctx, true).catch(() => {});
    seen.addMissing(language, ctx.missing);
  }
}

async function showPages(
  state: string,
  { show, pages }: State,
  ctx: StepContext,
  channel: ScreenDescription["channel"],
  seen: Seen,
): Promise<void> {
  for (const page of ((await pages?.(ctx)) ?? [0]).slice(0, MOST_PAGES)) {
    const shown = await show(ctx, { name: state, page });
    const text = typeof shown === "string" ? shown : shown.text;
    const { encoding, length } = measure(text);
    const limit = encoding === "gsm" ? ctx.limits.septets : ctx.limits.units;
    const placeholders = [...new Set([...text.matchAll(/\{(\w+)\}/gu)].map((match) => match[1] ?? ""))];
    seen.screens.push({ state, language: ctx.language, channel, page, text, encoding, length, limit, placeholders });
  }
}

function stranger(language: string): Person {
  return { v: 1, language, answers: {}, profile: {} };
}

function dial(channel: ScreenDescription["channel"]): InboundMessage {
  return {
    message_id: "described",
    from_addr: STRANGER,
    to_addr: null,
    content: null,
    session_event: channel === "ussd" ? "new" : null,
    transport_type: channel,
  };
}
