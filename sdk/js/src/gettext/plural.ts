/**
 * The rule of a language for its plural forms: `nplurals=2; plural=(n != 1);`, an expression in C that gettext's manual
 * describes under "Plural forms". It comes from a file, so it is read by hand and never run as code.
 */

/** Which form a number takes. */
export interface PluralRule {
  readonly forms: number;
  readonly index: (n: number) => number;
}

/** Two forms, one for 1: as English has it, and where a catalogue says nothing. */
export const ENGLISH: PluralRule = { forms: 2, index: (n) => (n === 1 ? 0 : 1) };

/** The longest rule, and the most forms; Arabic has six. */
const LONGEST_RULE = 1000;
const MOST_FORMS = 10;

type Expression = (n: number) => number;

/** From the weakest to the strongest; operators of one line are of one strength. */
const OPERATORS: readonly Readonly<Record<string, (left: number, right: number) => number>>[] = [
  { "||": (left, right) => Number(left !== 0 || right !== 0) },
  { "&&": (left, right) => Number(left !== 0 && right !== 0) },
  { "==": (left, right) => Number(left === right), "!=": (left, right) => Number(left !== right) },
  {
    "<": (left, right) => Number(left < right),
    ">": (left, right) => Number(left > right),
    "<=": (left, right) => Number(left <= right),
    ">=": (left, right) => Number(left >= right),
  },
  { "+": (left, right) => left + right, "-": (left, right) => left - right },
  {
    "*": (left, right) => left * right,
    "/": (left, right) => (right === 0 ? 0 : Math.trunc(left / right)),
    "%": (left, right) => (right === 0 ? 0 : left % right),
  },
];

/** Reads a `Plural-Forms` header. */
export function readPluralRule(header: string): PluralRule {
  const forms = Number(/nplurals\s*=\s*(\d{1,2})/u.exec(header)?.[1]);
  const written = /plural\s*=\s*([^;]+)/u.exec(header.replace(/nplurals\s*=\s*\d+\s*;?/u, ""))?.[1];
  if (!(forms >= 1 && forms <= MOST_FORMS) || written === undefined || header.length > LONGEST_RULE) {
    throw new SyntaxError(`"${header.slice(0, 80)}" is no rule for plurals, such as "nplurals=2; plural=(n != 1);"`);
  }
  const evaluate = new Reader(written).readAll();
  return {
    forms,
    index: (n) => {
      const index = evaluate(Math.trunc(Math.abs(n)));
      return index >= 0 && index < forms ? index : forms - 1;
    },
  };
}

/** Reads one expression, from left to right. */
class Reader {
  readonly #tokens: string[];
  readonly #written: string;
  #at = 0;

  constructor(written: string) {
    this.#written = written.trim();
    this.#tokens = this.#written.match(/\d+|[a-z]+|&&|\|\||[=!<>]=|\S/gu) ?? [];
  }

  readAll(): Expression {
    const expression = this.#choice();
    if (this.#at < this.#tokens.length) this.#refuse();
    return expression;
  }

  /** `condition ? one : other`, which may nest in the last part. */
  #choice(): Expression {
    const condition = this.#operation(0);
    if (!this.#skip("?")) return condition;
    const one = this.#choice();
    if (!this.#skip(":")) this.#refuse();
    const other = this.#choice();
    return (n) => (condition(n) !== 0 ? one(n) : other(n));
  }

  #operation(strength: number): Expression {
    const operators = OPERATORS[strength];
    if (operators === undefined) return this.#operand();
    let left = this.#operation(strength + 1);
    for (;;) {
      const operate = operators[this.#tokens[this.#at] ?? ""];
      if (operate === undefined) return left;
      this.#at += 1;
      const [before, right] = [left, this.#operation(strength + 1)];
      left = (n) => operate(before(n), right(n));
    }
  }

  #operand(): Expression {
    if (this.#skip("!")) {
      const operand = this.#operand();
      return (n) => Number(operand(n) === 0);
    }
    if (this.#skip("(")) {
      const inner = this.#choice();
      if (!this.#skip(")")) this.#refuse();
      return inner;
    }
    const token = this.#tokens[this.#at] ?? "";
    this.#at += 1;
    if (token === "n") return (n) => n;
    if (/^\d+$/u.test(token)) {
      const value = Number(token);
      return () => value;
    }
    return this.#refuse();
  }

  #skip(token: string): boolean {
    const isNext = this.#tokens[this.#at] === token;
    if (isNext) this.#at += 1;
    return isNext;
  }

  #refuse(): never {
    throw new SyntaxError(`the rule for plurals "${this.#written}" cannot be read`);
  }
}
