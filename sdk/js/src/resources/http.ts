/** Calls to other systems, to the hosts that the account allows. */

import { request } from "./request.ts";

/** What goes with a call. */
export interface CallOptions {
  /** Added to the address, encoded. */
  readonly params?: Readonly<Record<string, string | number>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body: text as it is, anything else as JSON. */
  readonly body?: unknown;
}

/** The answer to a call; a code such as 404 is an answer too. */
export interface Answer {
  readonly code: number;
  readonly body: string;
}

async function call(method: string, url: string, options: CallOptions): Promise<Answer> {
  const isText = typeof options.body === "string" || options.body === undefined;
  const headers = { ...(isText ? {} : { "Content-Type": "application/json" }), ...options.headers };
  const { code, body } = await request<Answer>(`http.${method}`, {
    url: withQuery(url, options.params),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    ...(options.body === undefined ? {} : { data: isText ? options.body : JSON.stringify(options.body) }),
  });
  return { code, body };
}

function withQuery(url: string, params: CallOptions["params"]): string {
  const pairs = Object.entries(params ?? {}).map((pair) => pair.map(encodeURIComponent).join("="));
  if (pairs.length === 0) return url;
  return url + (url.includes("?") ? "&" : "?") + pairs.join("&");
}

export const http = {
  get: (url: string, options: CallOptions = {}): Promise<Answer> => call("get", url, options),
  post: (url: string, options: CallOptions = {}): Promise<Answer> => call("post", url, options),
  put: (url: string, options: CallOptions = {}): Promise<Answer> => call("put", url, options),
  patch: (url: string, options: CallOptions = {}): Promise<Answer> => call("patch", url, options),
  delete: (url: string, options: CallOptions = {}): Promise<Answer> => call("delete", url, options),
};
