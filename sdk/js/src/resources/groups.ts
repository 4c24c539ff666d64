/** Groups of the account's contacts: of those who were put in, or of all that a query finds. */

import { request, requestUnless } from "./request.ts";

/** A group. */
export interface Group {
  readonly key: string;
  readonly name: string;
  readonly query: string | null;
  readonly [field: string]: unknown;
}

interface Reply {
  readonly group: Group;
}

const NOT_FOUND = /not found/iu;

export const groups = {
  /** All of them. */
  async list(): Promise<readonly Group[]> {
    return (await request<{ groups: readonly Group[] }>("groups.list", {})).groups;
  },

  /** Those that a query finds: `name:mothers`. */
  async search(query: string): Promise<readonly Group[]> {
    return (await request<{ groups: readonly Group[] }>("groups.search", { query })).groups;
  },

  /** The group with a key, `null` if there is none. */
  async get(key: string): Promise<Group | null> {
    return (await requestUnless<Reply>(NOT_FOUND, "groups.get", { key }))?.group ?? null;
  },

  /** The one group of a name, `null` if there is none. */
  async byName(name: string): Promise<Group | null> {
    return (await requestUnless<Reply>(NOT_FOUND, "groups.get_by_name", { name }))?.group ?? null;
  },

  /** The one group of a name, made if there is none. */
  async getOrCreate(name: string): Promise<Group> {
    return (await request<Reply>("groups.get_or_create_by_name", { name })).group;
  },

  /** Names a group; with a query it holds all that this finds, without one those who were put in. */
  async update(key: string, name: string, query?: string): Promise<Group> {
    return (await request<Reply>("groups.update", { key, name, ...(query === undefined ? {} : { query }) })).group;
  },

  /** How many people are in it. */
  async count(key: string): Promise<number> {
    return (await request<{ count: number }>("groups.count_members", { key })).count;
  },
};
