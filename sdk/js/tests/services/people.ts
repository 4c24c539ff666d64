/** What a service does for a person besides talking: contacts, groups, opt-outs, later messages, variants, a desk. */

import {
  choice, contacts, end, groups, handBack, handOver, later, menu, messages, optOuts, reached, service, text, variant,
} from "ngoma";

export default service({
  name: "people",
  start: "what",
  states: {
    what: menu({
      question: (ctx) => `${variant(ctx, "greeting", ["short", "long"], { weights: { short: 0 } })}: what?`,
      options: [
        { label: "Join", next: "name" },
        { label: "Stop", next: "stop" },
        { label: "Count", next: "count" },
        { label: "Ask a person", next: "desk" },
        { label: "Back from the desk", next: "back" },
        { label: "Who is who", next: "who" },
      ],
    }),
    name: text({ question: "Name?", next: "when" }),
    when: choice({ question: "When?", options: { soon: "In 2 days", then: "On Christmas Day" }, next: "joined" }),
    joined: end({
      text: "You are in, {name}.",
      onEnter: async (ctx) => {
        const contact = await contacts.of(ctx);
        await contacts.update(contact.key, { name: ctx.answers.name ?? null });
        await contacts.updateExtra(contact.key, { when: ctx.answers.when ?? "" });
        await contacts.join(contact, (await groups.getOrCreate("people")).key);
        const when = ctx.answers.when === "soon" ? { in: "2 days" as const } : { at: new Date("2026-12-25T06:00:00Z") };
        await later(ctx, when, ctx.t("Here we are, {name}."));
        reached(ctx, "greeting");
      },
    }),
    who: end({
      text: async () => {
        const group = await groups.byName("people");
        if (group === null) return `Nobody; ${(await contacts.get("+27830000000")) === null}`;
        const [key = ""] = await contacts.search(`groups:${group.key}`);
        const contact = await contacts.byKey(key);
        return `${await groups.count(group.key)}: ${contact?.name}, ${contact?.extra?.when}`;
      },
    }),
    stop: end({
      text: async (ctx) => {
        await optOuts.add(ctx);
        const before = await optOuts.has(ctx.address);
        await optOuts.cancel(ctx);
        await optOuts.add(ctx);
        return `Stopped: ${before}, ${await optOuts.count()}`;
      },
    }),
    count: end({
      text: async () => {
        const { sent } = await messages.progress();
        return `${sent}, ${await messages.received()}, ${await messages.senders()}, ${await messages.sentPerMinute(60)}`;
      },
    }),
    desk: handOver({ to: "desk", text: "A person answers you soon.", reason: (ctx) => `greeted ${ctx.variants.greeting}`, for: "2 hours" }),
    back: end({ text: "Back.", onEnter: handBack }),
  },
});
