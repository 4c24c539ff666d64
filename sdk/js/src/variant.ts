/** A/B: one of several variants, always the same one for a person. */

import type { Context } from "./types.ts";

/** How often each variant is shown, against the others; equally often unless told. */
export type Weights<Arm extends string> = { readonly [Key in Arm]?: number };

const NAME = /^[a-zA-Z][a-zA-Z0-9_-]{0,30}$/u;

/**
 * The person's variant. It is drawn from their address and the experiment's name, so it stays the same without being
 * stored. The first time in a dialogue it is counted as `variant.<name>.<arm>.shown`.
 */
export function variant<const Arm extends string, A>(
  ctx: Context<A>,
  name: string,
  arms: readonly [Arm, ...Arm[]],
  options: { readonly weights?: Weights<NoInfer<Arm>> } = {},
): Arm {
  for (const word of [name, ...arms]) {
    if (!NAME.test(word)) throw new TypeError(`"${word}" cannot stand in a metric's name: use a-z, 0-9, _ and -`);
  }
  const arm = draw(fraction(`${ctx.service}\n${name}\n${ctx.address}`), arms, options.weights ?? {});
  if (ctx.variants[name] !== arm) {
    ctx.variants[name] = arm;
    ctx.count(`variant.${name}.${arm}.shown`);
  }
  return arm;
}

/** Counts that the goal of an experiment is reached, for the variant this dialogue was shown, if it was shown one. */
export function reached<A>(ctx: Context<A>, name: string): void {
  const arm = ctx.variants[name];
  if (arm !== undefined) ctx.count(`variant.${name}.${arm}.reached`);
}

function draw<Arm extends string>(at: number, arms: readonly [Arm, ...Arm[]], weights: Weights<Arm>): Arm {
  const weightOf = (arm: Arm): number => Math.max(0, weights[arm] ?? 1);
  const whole = arms.reduce((sum, arm) => sum + weightOf(arm), 0);
  let passed = 0;
  for (const arm of arms) {
    passed += weightOf(arm);
    if (at * whole < passed) return arm;
  }
  return arms[0];
}

/** A number from 0 to below 1 that a text always has: FNV-1a, and the mixing of its bits that MurmurHash3 ends with. */
function fraction(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
