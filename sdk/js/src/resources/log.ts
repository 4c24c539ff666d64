/** Lines for the service's log. */

import { request } from "./request.ts";

async function write(level: string, msg: string): Promise<void> {
  await request(`log.${level}`, { msg });
}

export const log = {
  debug: (message: string): Promise<void> => write("debug", message),
  info: (message: string): Promise<void> => write("info", message),
  warning: (message: string): Promise<void> => write("warning", message),
  error: (message: string): Promise<void> => write("error", message),
};
