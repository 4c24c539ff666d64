/** The offer to go on with an unfinished dialogue. */

import type { Resume } from "./service.ts";
import { WORDS } from "./states/choice.ts";
import { readPage, showPage } from "./states/list.ts";
import type { List } from "./states/list.ts";
import { NOT_AN_OPTION } from "./states/options.ts";
import { say } from "./states/state.ts";
import type { Context, Shown } from "./types.ts";

type Wish = "goOn" | "startAgain";

/** The screen that asks whether to go on. */
export async function offerScreen(resume: Resume | undefined, ctx: Context, isWrong: boolean): Promise<Shown> {
  return showPage(await listOf(resume, ctx), ctx, 0, isWrong ? ctx.t(NOT_AN_OPTION) : undefined);
}

/** What the person wants, if their answer says so. */
export async function readOffer(resume: Resume | undefined, ctx: Context, input: string): Promise<Wish | undefined> {
  const read = readPage(await listOf(resume, ctx), ctx, 0, input);
  return read !== undefined && "value" in read ? read.value : undefined;
}

async function listOf(resume: Resume | undefined, ctx: Context): Promise<List<Wish>> {
  return {
    question: await say(resume?.question ?? "Welcome back. You have not finished.", ctx),
    options: [
      { value: "goOn", label: ctx.t(resume?.goOn ?? "Continue where you left off") },
      { value: "startAgain", label: ctx.t(resume?.startAgain ?? "Start again") },
    ],
    words: (word) => ctx.t(WORDS[word]),
  };
}
