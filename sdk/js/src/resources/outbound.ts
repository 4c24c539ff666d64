/** Messages out: the answer to the person, and texts to anybody. */

import { request } from "./request.ts";

/** Buttons or a list that a message can be answered by, where its channel can show them. */
export interface QuickReplies {
  readonly kind: "buttons" | "list";
  /** What opens a list. */
  readonly button?: string;
  readonly choices: readonly { readonly id: string; readonly title: string; readonly description?: string }[];
}

/** How a message goes out. */
export interface SendOptions {
  /** Which way: an endpoint of the service; `default` unless told. */
  readonly endpoint?: string;
  /** When; at once unless told. */
  readonly at?: Date;
}

export const outbound = {
  /** Answers a message; the session ends unless it is to continue. */
  async reply(
    inReplyTo: string,
    content: string | null,
    continueSession: boolean,
    quickReplies?: QuickReplies,
  ): Promise<void> {
    await request("outbound.reply_to", {
      in_reply_to: inReplyTo,
      content,
      continue_session: continueSession,
      ...(quickReplies === undefined ? {} : { quick_replies: quickReplies }),
    });
  },

  /** Sends a text by an endpoint of the service, now or later. */
  async send(to: string, content: string, options: string | SendOptions = {}): Promise<void> {
    const { endpoint = "default", at } = typeof options === "string" ? { endpoint: options } : options;
    await request("outbound.send_to", {
      to_addr: to,
      content,
      endpoint,
      ...(at === undefined ? {} : { send_at: at.toISOString() }),
    });
  },
};

/** Sends an SMS by the endpoint `sms`. */
export function sendSms(to: string, content: string): Promise<void> {
  return outbound.send(to, content, "sms");
}
