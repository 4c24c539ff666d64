/** The people that the account keeps. What a step changes is stored with its replies or not at all. */

import type { Context } from "../types.ts";
import { request, requestUnless } from "./request.ts";

/** A person, as kept. Notes are `extra`; what they get is in `subscription`. */
export interface Contact {
  readonly key: string;
  readonly name: string | null;
  readonly surname: string | null;
  readonly email_address: string | null;
  readonly msisdn: string | null;
  readonly dob: string | null;
  readonly created_at: string;
  /** The keys of their groups. */
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, string>>;
  readonly subscription: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** What can be set about a person. */
export interface ContactFields {
  readonly name?: string | null;
  readonly surname?: string | null;
  readonly email_address?: string | null;
  readonly msisdn?: string;
  readonly dob?: string | null;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, string>>;
  readonly subscription?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** The kind of channel an address is of: `sms` for a telephone number. */
export type DeliveryClass =
  | "sms" | "ussd" | "voice" | "whatsapp" | "telegram" | "facebook" | "twitter" | "gtalk" | "mxit" | "wechat";

/** A contact as the runtime writes it, notes beside the fields: `"extras-town": "giyani"`. */
interface Reply {
  readonly contact: Readonly<Record<string, unknown>>;
}

function read({ contact }: Reply): Contact {
  const notes = (prefix: string): Record<string, unknown> => {
    const own = Object.entries(contact).filter(([field]) => field.startsWith(prefix));
    return Object.fromEntries(own.map(([field, value]) => [field.slice(prefix.length), value]));
  };
  const plain = Object.entries(contact).filter(([field]) => !/^(?:extras|subscription)-/u.test(field));
  const subscription = notes("subscription-");
  return { ...Object.fromEntries(plain), extra: notes("extras-"), subscription } as unknown as Contact;
}

async function ask(command: string, params: Record<string, unknown>): Promise<Contact> {
  return read(await request<Reply>(`contacts.${command}`, params));
}

async function find(command: string, params: Record<string, unknown>): Promise<Contact | null> {
  const reply = await requestUnless<Reply>(NOT_FOUND, `contacts.${command}`, params);
  return reply === undefined ? null : read(reply);
}

const NOT_FOUND = /not found/iu;

export const contacts = {
  /** The person who is speaking, kept from now on if they were not. */
  async of<A>(ctx: Context<A>): Promise<Contact> {
    return await contacts.getOrCreate(ctx.address, ctx.channel as DeliveryClass);
  },

  /** The person with an address, `null` if there is none. */
  async get(address: string, by: DeliveryClass = "sms"): Promise<Contact | null> {
    return await find("get", { delivery_class: by, addr: address });
  },

  /** The person with an address, made if there is none. */
  async getOrCreate(address: string, by: DeliveryClass = "sms"): Promise<Contact> {
    return await ask("get_or_create", { delivery_class: by, addr: address });
  },

  /** The person with a key, `null` if there is none. */
  async byKey(key: string): Promise<Contact | null> {
    return await find("get_by_key", { key });
  },

  /** Makes a person. */
  async create(fields: ContactFields): Promise<Contact> {
    return await ask("new", { contact: fields });
  },

  /** Changes some fields. */
  async update(key: string, fields: ContactFields): Promise<Contact> {
    return await ask("update", { key, fields });
  },

  /** Adds or changes notes; the others stay. */
  async updateExtra(key: string, extra: Readonly<Record<string, string>>): Promise<Contact> {
    return await ask("update_extras", { key, fields: extra });
  },

  /** Adds or changes what they get; the rest stays. */
  async updateSubscription(key: string, subscription: Readonly<Record<string, string>>): Promise<Contact> {
    return await ask("update_subscriptions", { key, fields: subscription });
  },

  /** Puts a contact in a group. */
  async join(contact: Contact, group: string): Promise<Contact> {
    if (contact.groups.includes(group)) return contact;
    return await contacts.update(contact.key, { groups: [...contact.groups, group] });
  },

  /** The keys of the people that a query finds: `name:Nomsa AND extras-town:polokwane`. */
  async search(query: string, most?: number): Promise<readonly string[]> {
    const params = { query, ...(most === undefined ? {} : { max_keys: most }) };
    return (await request<{ keys: readonly string[] }>("contacts.search", params)).keys;
  },
};
