/** The older name of a choice with many options; every choice makes pages by itself. */

export { choice as paginatedChoice } from "./choice.ts";
