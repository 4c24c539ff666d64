/** The resources: config, keys of its own, and calls to another system with its refusals. */

import { ResourceError, config, end, http, kv, service, text } from "ngoma";

const URL = "https://weather.example/days";

export default service({
  name: "weather",
  start: "town",
  states: {
    town: text({ question: "Which town?", next: "answer" }),
    answer: end({
      text: async (ctx) => {
        const greeting = (await config.get<string>("greeting")) ?? "Hello.";
        const asked = await kv.increment("asked");
        return `${greeting} ${await ask(ctx.answers.town ?? "")} (${asked})`;
      },
    }),
  },
});

async function ask(town: string): Promise<string> {
  try {
    const { code, body } = await http.get(URL, { params: { town, days: 1 }, headers: { Accept: "application/json" } });
    if (code !== 200) return `No weather for ${town}.`;
    const { sky } = JSON.parse(body) as { sky: string };
    const { code: noted } = await http.post(URL, { body: { town, sky } });
    return `${sky}, noted ${noted}.`;
  } catch (error) {
    if (error instanceof ResourceError) return `Refused ${error.command}.`;
    throw error;
  }
}
