// Values as text for people, in the form that `util.inspect` of Node gives them.
"use strict";

const CUSTOM = Symbol.for("nodejs.util.inspect.custom");
const DEFAULTS = {
  showHidden: false,
  depth: 2,
  colors: false,
  customInspect: true,
  maxArrayLength: 100,
  maxStringLength: 10000,
  breakLength: 80,
  compact: 3,
  sorted: false,
  getters: false,
};
/** Arrays of more than this many short elements are set in columns. */
const UNGROUPED = 6;
const ESCAPES = { "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", "\\": "\\\\", "\v": "\\x0B" };
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
const TypedArray = Object.getPrototypeOf(Uint8Array);

function inspect(value, options, ...more) {
  let given = options;
  // The old way: showHidden, depth, colors.
  if (typeof options === "boolean" || more.length > 0) {
    given = { showHidden: options, ...(more[0] !== undefined && { depth: more[0] }) };
  }
  const ctx = { ...DEFAULTS, ...given, seen: [], circular: new Map(), indent: 0, current: 0 };
  if (ctx.depth === null) ctx.depth = Infinity;
  if (ctx.maxArrayLength === null) ctx.maxArrayLength = Infinity;
  if (ctx.maxStringLength === null) ctx.maxStringLength = Infinity;
  ctx.options = given;
  return formatValue(ctx, value, 0);
}
inspect.custom = CUSTOM;
inspect.defaultOptions = DEFAULTS;

function quote(text) {
  let mark = "'";
  if (text.includes("'")) {
    if (!text.includes('"')) mark = '"';
    else if (!text.includes("`") && !text.includes("${")) mark = "`";
  }
  const escaped = text.replace(/[\x00-\x1f\x7f-\x9f\\'"`]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, (letter) => {
    if (letter === "'" || letter === '"' || letter === "`") return letter === mark ? "\\" + letter : letter;
    const code = letter.charCodeAt(0);
    if (code >= 0xd800) return "\\u" + code.toString(16).toUpperCase();
    return ESCAPES[letter] ?? "\\x" + code.toString(16).toUpperCase().padStart(2, "0");
  });
  return mark + escaped + mark;
}

function formatPrimitive(ctx, value) {
  switch (typeof value) {
    case "string":
      return formatString(ctx, value);
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "bigint":
      return `${value}n`;
    default:
      return String(value);
  }
}

function formatString(ctx, value) {
  let text = value;
  let rest = "";
  if (text.length > ctx.maxStringLength) {
    const left = text.length - ctx.maxStringLength;
    text = text.slice(0, ctx.maxStringLength);
    rest = `... ${left} more character${left > 1 ? "s" : ""}`;
  }
  // Long texts of several lines are shown line by line.
  if (ctx.compact !== true && text.length > 16 && text.length > ctx.breakLength - ctx.indent - 4) {
    const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [text];
    return lines.map(quote).join(` +\n${" ".repeat(ctx.indent + 2)}`) + rest;
  }
  return quote(text) + rest;
}

function formatValue(ctx, value, level) {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return formatPrimitive(ctx, value);
  const custom = ctx.customInspect ? value[CUSTOM] : undefined;
  if (typeof custom === "function" && custom !== inspect) {
    const shown = custom.call(value, ctx.depth - level, { ...DEFAULTS, ...ctx.options, depth: ctx.depth - level }, inspect);
    if (typeof shown === "string") return shown.replaceAll("\n", `\n${" ".repeat(ctx.indent)}`);
    if (shown !== value) return formatValue(ctx, shown, level);
  }
  if (ctx.seen.includes(value)) {
    if (!ctx.circular.has(value)) ctx.circular.set(value, ctx.circular.size + 1);
    return `[Circular *${ctx.circular.get(value)}]`;
  }
  return formatObject(ctx, value, level);
}

/** The name of an object's class; null for one without a prototype. */
function classOf(value) {
  for (let proto = value; proto !== null; proto = Object.getPrototypeOf(proto)) {
    const held = Object.getOwnPropertyDescriptor(proto, "constructor");
    if (held !== undefined && typeof held.value === "function" && held.value.name !== "") return held.value.name;
  }
  return null;
}

function prefixOf(name, fallback, size) {
  const counted = size === undefined ? "" : `(${size})`;
  return name === null ? `[${fallback}${counted}: null prototype] ` : `${name}${counted} `;
}

function keysOf(ctx, value) {
  const own = ctx.showHidden ? Object.getOwnPropertyNames(value) : Object.keys(value);
  const isIndexed = Array.isArray(value) || value instanceof TypedArray || value instanceof String;
  const keys = own.filter((key) => !isIndexed || !/^\d+$/.test(key));
  const isShown = (key) => ctx.showHidden || Object.prototype.propertyIsEnumerable.call(value, key);
  return [...keys, ...Object.getOwnPropertySymbols(value).filter(isShown)];
}

/** How an object of this kind is shown: what stands before it, its braces, its entries. */
function formOf(ctx, value, keys) {
  const name = classOf(value);
  const tag = value[Symbol.toStringTag];
  if (Array.isArray(value)) {
    const prefix = name !== "Array" ? prefixOf(name, "Array", value.length) : "";
    return { braces: [`${prefix}[`, "]"], entries: formatArray, isArray: true, isEmpty: value.length === 0 };
  }
  if (value instanceof Set) {
    return { braces: [`${prefixOf(name, "Set", value.size)}{`, "}"], entries: formatSet, isEmpty: value.size === 0 };
  }
  if (value instanceof Map) {
    return { braces: [`${prefixOf(name, "Map", value.size)}{`, "}"], entries: formatMap, isEmpty: value.size === 0 };
  }
  if (value instanceof TypedArray) {
    const prefix = prefixOf(name, "TypedArray", value.length);
    return { braces: [`${prefix}[`, "]"], entries: formatArray, isArray: true, isEmpty: value.length === 0 };
  }
  if (value instanceof ArrayBuffer) {
    return { braces: [`${prefixOf(name, "ArrayBuffer")}{`, "}"], entries: formatBytes };
  }
  if (value instanceof Promise) return { braces: [`${name} {`, "}"], entries: () => ["<pending>"] };
  if (value instanceof WeakSet || value instanceof WeakMap) {
    return { braces: [`${name} {`, "}"], entries: () => ["<items unknown>"] };
  }
  const base = baseOf(ctx, value, name);
  if (base !== undefined) return { base, braces: ["{", "}"], isEmpty: true };
  let prefix = name === "Object" ? "" : prefixOf(name, "Object");
  if (Object.prototype.toString.call(value) === "[object Arguments]") {
    return { braces: ["[Arguments] {", "}"], isEmpty: true };
  }
  if (typeof tag === "string" && tag !== "" && tag !== name) prefix = `${prefix || "Object "}[${tag}] `;
  return { braces: [`${prefix}{`, "}"], isEmpty: true };
}

/** The text of objects that are shown as one piece before their keys. */
function baseOf(ctx, value, name) {
  if (typeof value === "function") return formatFunction(value, name);
  if (value instanceof RegExp) return RegExp.prototype.toString.call(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (value instanceof Error) return formatError(ctx, value);
  for (const box of [Number, String, Boolean, Symbol, BigInt]) {
    if (value instanceof box) return `[${box.name}: ${formatPrimitive({ ...DEFAULTS, indent: 0 }, value.valueOf())}]`;
  }
  return undefined;
}

function formatFunction(value, name) {
  const source = Function.prototype.toString.call(value);
  if (source.startsWith("class")) {
    const parent = Object.getPrototypeOf(value);
    const extending = typeof parent === "function" && parent.name ? ` extends ${parent.name}` : "";
    return `[class ${value.name || "(anonymous)"}${extending}]`;
  }
  const kind = name === null || name === "Object" ? "Function" : name;
  return value.name ? `[${kind}: ${value.name}]` : `[${kind} (anonymous)]`;
}

function formatError(ctx, error) {
  const title = error.message ? `${error.name}: ${error.message}` : String(error.name);
  const stack = typeof error.stack === "string" && ctx.stacks !== false ? error.stack.trimEnd() : "";
  if (stack === "") return `[${title}]`;
  // The engine's stacks are the places only.
  const text = stack.startsWith(title) ? stack : `${title}\n${stack}`;
  return text.replaceAll("\n", `\n${" ".repeat(ctx.indent)}`);
}

function formatObject(ctx, value, level) {
  const keys = keysOf(ctx, value).filter((key) => !(value instanceof Error && (key === "stack" || key === "message")));
  const form = formOf(ctx, value, keys);
  if (form.isEmpty && keys.length === 0) return form.base ?? form.braces[0] + form.braces[1];
  if (level > ctx.depth) {
    const name = classOf(value);
    if (Array.isArray(value)) return "[Array]";
    return name === null ? "[Object: null prototype]" : `[${name}]`;
  }
  ctx.seen.push(value);
  ctx.current = level;
  const output = form.entries === undefined ? [] : form.entries(ctx, value, level + 1);
  for (const key of keys) output.push(formatProperty(ctx, value, key, level + 1));
  ctx.seen.pop();
  let { base = "", braces } = form;
  if (ctx.circular.has(value)) {
    const reference = `<ref *${ctx.circular.get(value)}>`;
    if (base !== "") base = `${reference} ${base}`;
    else braces = [`${reference} ${braces[0]}`, braces[1]];
  }
  if (ctx.sorted) {
    const order = ctx.sorted === true ? undefined : ctx.sorted;
    if (form.isArray) output.splice(output.length - keys.length, keys.length, ...output.slice(output.length - keys.length).sort(order));
    else output.sort(order);
  }
  return joined(ctx, output, base, braces, form.isArray, level, value);
}

function indented(ctx, by, format) {
  ctx.indent += by;
  const text = format();
  ctx.indent -= by;
  return text;
}

function formatArray(ctx, value, level) {
  const output = [];
  let at = 0;
  while (at < value.length && output.length < ctx.maxArrayLength) {
    if (at in value) {
      const held = value[at];
      output.push(indented(ctx, 2, () => formatValue(ctx, held, level)));
      at += 1;
      continue;
    }
    let next = at;
    while (next < value.length && !(next in value)) next += 1;
    output.push(`<${next - at} empty item${next - at > 1 ? "s" : ""}>`);
    at = next;
  }
  if (at < value.length) output.push(remaining(value.length - at));
  return output;
}

function remaining(count) {
  return `... ${count} more item${count > 1 ? "s" : ""}`;
}

function formatSet(ctx, value, level) {
  const shown = [...value].slice(0, ctx.maxArrayLength);
  const output = shown.map((held) => indented(ctx, 2, () => formatValue(ctx, held, level)));
  if (value.size > shown.length) output.push(remaining(value.size - shown.length));
  return output;
}

function formatMap(ctx, value, level) {
  const shown = [...value].slice(0, ctx.maxArrayLength);
  const output = shown.map(([key, held]) =>
    indented(ctx, 2, () => `${formatValue(ctx, key, level)} => ${formatValue(ctx, held, level)}`),
  );
  if (value.size > shown.length) output.push(remaining(value.size - shown.length));
  return output;
}

function formatBytes(ctx, value) {
  const bytes = [...new Uint8Array(value).subarray(0, 50)].map((byte) => byte.toString(16).padStart(2, "0"));
  const more = value.byteLength > 50 ? ` ... ${value.byteLength - 50} more bytes` : "";
  return [`[Uint8Contents]: <${bytes.join(" ")}${more}>`, `byteLength: ${value.byteLength}`];
}

function formatProperty(ctx, value, key, level) {
  const held = Object.getOwnPropertyDescriptor(value, key) ?? { value: value[key], enumerable: true };
  let shown;
  if (held.value !== undefined || !("get" in held)) shown = indented(ctx, 2, () => formatValue(ctx, held.value, level));
  else if (held.get !== undefined) shown = held.set === undefined ? "[Getter]" : "[Getter/Setter]";
  else shown = held.set === undefined ? "undefined" : "[Setter]";
  let name;
  if (typeof key === "symbol") name = `[${key.toString()}]`;
  else if (!held.enumerable) name = `[${key}]`;
  else name = IDENTIFIER.test(key) ? key : quote(key);
  return `${name}: ${shown}`;
}

/** Entries on one line where they fit, else on one each. */
function joined(ctx, entries, base, braces, isArray, level, value) {
  const before = base === "" ? "" : `${base} `;
  if (ctx.compact === true) return `${before}${braces[0]} ${entries.join(", ")} ${braces[1]}`;
  let output = entries;
  if (ctx.compact !== false) {
    if (isArray && entries.length > UNGROUPED) output = inColumns(ctx, entries, value);
    if (ctx.current - level < ctx.compact && output.length === entries.length) {
      const start = output.length + ctx.indent + braces[0].length + base.length + 10;
      const length = output.reduce((sum, entry) => sum + entry.length, output.length + start);
      const line = output.join(", ");
      if (length <= ctx.breakLength && !line.includes("\n") && !base.includes("\n")) {
        return `${before}${braces[0]} ${line} ${braces[1]}`;
      }
    }
  }
  const newLine = `\n${" ".repeat(ctx.indent)}`;
  return `${before}${braces[0]}${newLine}  ${output.join(`,${newLine}  `)}${newLine}${braces[1]}`;
}

/** Short elements of a long array, several to a line and aligned. */
function inColumns(ctx, entries, value) {
  const hasRest = entries.at(-1).startsWith("... ");
  const count = hasRest ? entries.length - 1 : entries.length;
  const lengths = entries.slice(0, count).map((entry) => entry.length);
  const widest = Math.max(...lengths) + 2;
  const total = lengths.reduce((sum, length) => sum + length + 2, 0);
  if (widest * 3 + ctx.indent >= ctx.breakLength || (total / widest <= 5 && widest > 8)) return entries;
  if (entries.some((entry) => entry.includes("\n"))) return entries;
  const biased = Math.max(widest - 3 - Math.sqrt(widest - total / entries.length), 1);
  const columns = Math.min(
    Math.round(Math.sqrt(2.5 * biased * count) / biased),
    Math.floor((ctx.breakLength - ctx.indent) / widest),
    ctx.compact * 4,
    15,
  );
  if (columns <= 1) return entries;
  const widths = [];
  for (let column = 0; column < columns; column += 1) {
    let width = 0;
    for (let at = column; at < count; at += columns) width = Math.max(width, lengths[at]);
    widths.push(width + 2);
  }
  const isNumeric = value !== undefined && Array.from(value).every((held) => typeof held === "number" || typeof held === "bigint");
  const lines = [];
  for (let from = 0; from < count; from += columns) {
    const to = Math.min(from + columns, count);
    let line = "";
    for (let at = from; at < to; at += 1) {
      const isLast = at === to - 1;
      const text = isLast ? entries[at] : `${entries[at]}, `;
      if (isNumeric) line += text.padStart(isLast ? widths[at - from] - 2 : widths[at - from]);
      else line += isLast ? text : text.padEnd(widths[at - from]);
    }
    lines.push(line);
  }
  if (hasRest) lines.push(entries.at(-1));
  return lines;
}

module.exports = { inspect };
