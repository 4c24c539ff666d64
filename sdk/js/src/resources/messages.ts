/** How many messages the service had, and what became of them. */

import { request } from "./request.ts";

/** What became of what was sent. */
export interface Progress {
  readonly sent: number;
  readonly ack: number;
  readonly nack: number;
  readonly delivery_report: number;
  readonly delivery_report_delivered: number;
  readonly delivery_report_failed: number;
  readonly delivery_report_pending: number;
}

async function count(command: string): Promise<number> {
  return (await request<{ count: number }>(`message_store.${command}`, {})).count;
}

async function throughput(command: string, seconds: number): Promise<number> {
  const reply = await request<{ throughput: number }>(`message_store.${command}`, { sample_time: seconds });
  return reply.throughput;
}

export const messages = {
  received: (): Promise<number> => count("count_replies"),
  sent: (): Promise<number> => count("count_sent_messages"),
  /** How many people wrote. */
  senders: (): Promise<number> => count("count_inbound_uniques"),
  /** How many people were written to. */
  receivers: (): Promise<number> => count("count_outbound_uniques"),
  /** What came in a minute, over the last seconds. */
  receivedPerMinute: (seconds = 300): Promise<number> => throughput("inbound_throughput", seconds),
  /** What went out in a minute, over the last seconds. */
  sentPerMinute: (seconds = 300): Promise<number> => throughput("outbound_throughput", seconds),

  async progress(): Promise<Progress> {
    return (await request<{ progress_status: Progress }>("message_store.progress_status", {})).progress_status;
  },
};
