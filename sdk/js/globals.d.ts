/** What the runtime gives every service: one global, `api`. The library `ngoma` is written on this and nothing else. */

/** What a resource answers: its own fields beside these two. */
interface ApiReply {
  readonly success: boolean;
  readonly reason?: string;
  readonly [field: string]: unknown;
}

/** What the runtime tells a service: a message or an event, in the Vumi form. */
interface ApiCommand {
  readonly cmd: string;
  readonly msg: unknown;
}

interface Api {
  /** Asks a resource, such as `kv.get`; the callback gets its reply. */
  request(cmd: string, params: Record<string, unknown>, callback?: (reply: ApiReply) => void): void;
  /** Ends the step: what it wrote and sent is then stored as one. */
  done(): void;
  /** Called with each message. A promise that fails, fails the step. */
  on_inbound_message?: (command: ApiCommand) => void | Promise<void>;
  /** Called with each ack, nack and delivery report. */
  on_inbound_event?: (command: ApiCommand) => void | Promise<void>;
  /** Called by the author's tools; the answer is the request `service.description`. */
  on_describe?: (command: ApiCommand) => void | Promise<void>;
}

declare const api: Api;

/** Catalogues and texts of a service's folder are imported as strings. */
declare module "*.po" {
  const text: string;
  export default text;
}
declare module "*.txt" {
  const text: string;
  export default text;
}
