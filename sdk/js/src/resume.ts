/** The offer to go on with an unfinished dialogue. */

import { compose } from "./screen.ts";
import type { Resume } from "./service.ts";
import { NOT_AN_OPTION, numbered, readOption } from "./states/options.ts";
import { say } from "./states/state.ts";
import type { Context } from "./types.ts";

/** The screen that asks whether to go on. */
export async function offerScreen(resume: Resume | undefined, ctx: Context, isWrong: boolean): Promise<string> {
  const question = await say(resume?.question ?? "Welcome back. You have not finished.", ctx);
  return compose(question, numbered(labels(resume, ctx)), isWrong ? ctx.t(NOT_AN_OPTION) : undefined, ctx.limits);
}

/** What the person wants, if their answer says so. */
export function readOffer(resume: Resume | undefined, ctx: Context, input: string): "goOn" | "startAgain" | undefined {
  const index = readOption(input, labels(resume, ctx));
  return index === undefined ? undefined : index === 0 ? "goOn" : "startAgain";
}

function labels(resume: Resume | undefined, ctx: Context): string[] {
  return [ctx.t(resume?.goOn ?? "Continue where you left off"), ctx.t(resume?.startAgain ?? "Start again")];
}
