/** Messages out: the answer to the person, and texts to anybody. */

import { request } from "./request.ts";

export const outbound = {
  /** Answers a message; the session ends unless it is to continue. */
  async reply(inReplyTo: string, content: string | null, continueSession: boolean): Promise<void> {
    await request("outbound.reply_to", { in_reply_to: inReplyTo, content, continue_session: continueSession });
  },

  /** Sends a text by an endpoint of the service. */
  async send(to: string, content: string, endpoint = "default"): Promise<void> {
    await request("outbound.send_to", { to_addr: to, content, endpoint });
  },
};

/** Sends an SMS by the endpoint `sms`. */
export function sendSms(to: string, content: string): Promise<void> {
  return outbound.send(to, content, "sms");
}
