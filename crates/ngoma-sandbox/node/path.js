// Node's `path`, as on Linux.
"use strict";

const { unfit } = require("./internal/errors");

function check(path) {
  if (typeof path !== "string") throw unfit("path", "of type string", path);
}

/** The parts of a path, `.` and `..` followed. */
function partsOf(path, isAbsolute) {
  const parts = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (!isAbsolute) parts.push(part);
  }
  return parts;
}

function normalize(path) {
  check(path);
  if (path === "") return ".";
  const isAbsolute = path.startsWith("/");
  const parts = partsOf(path, isAbsolute).join("/");
  const end = path.endsWith("/") && parts !== "" ? "/" : "";
  if (isAbsolute) return `/${parts}${end}`;
  return parts === "" ? (path.endsWith("/") ? "./" : ".") : parts + end;
}

function join(...paths) {
  paths.forEach(check);
  const joined = paths.filter((path) => path !== "").join("/");
  return joined === "" ? "." : normalize(joined);
}

function resolve(...paths) {
  paths.forEach(check);
  let resolved = "";
  for (const path of [process.cwd(), ...paths]) {
    if (path !== "") resolved = path.startsWith("/") ? path : `${resolved}/${path}`;
  }
  return `/${partsOf(resolved, true).join("/")}`;
}

function relative(from, to) {
  const [begin, end] = [from, to].map((path) => partsOf(resolve(path), true));
  let same = 0;
  while (same < begin.length && same < end.length && begin[same] === end[same]) same += 1;
  return [...begin.slice(same).map(() => ".."), ...end.slice(same)].join("/");
}

function dirname(path) {
  check(path);
  if (path === "") return ".";
  const trimmed = path.replace(/\/+$/, "");
  const at = trimmed.lastIndexOf("/");
  if (at < 0) return path.startsWith("/") ? "/" : ".";
  const folder = trimmed.slice(0, at).replace(/\/+$/, "");
  return folder === "" ? (trimmed.startsWith("//") && at === 1 ? "//" : "/") : folder;
}

function basename(path, suffix) {
  check(path);
  const name = path.replace(/\/+$/, "").split("/").pop();
  return suffix !== undefined && name !== suffix && name.endsWith(suffix) ? name.slice(0, name.length - suffix.length) : name;
}

function extname(path) {
  const name = basename(path);
  const at = name.lastIndexOf(".");
  return at <= 0 || name === ".." ? "" : name.slice(at);
}

function parse(path) {
  check(path);
  const root = path.startsWith("/") ? "/" : "";
  const base = basename(path);
  const ext = extname(path);
  const folder = path.replace(/\/+$/, "").slice(0, -base.length || undefined);
  const dir = base === "" ? root : folder.length > 1 ? folder.slice(0, -1) : folder;
  return { root, dir, base, ext, name: ext === "" ? base : base.slice(0, -ext.length) };
}

function format({ root = "", dir, base, name = "", ext = "" }) {
  const file = base || name + (ext && !ext.startsWith(".") ? `.${ext}` : ext);
  const folder = dir || root;
  if (!folder) return file;
  return folder === root ? folder + file : `${folder}/${file}`;
}

const path = {
  sep: "/",
  delimiter: ":",
  normalize,
  join,
  resolve,
  relative,
  dirname,
  basename,
  extname,
  parse,
  format,
  isAbsolute(path) {
    check(path);
    return path.startsWith("/");
  },
  toNamespacedPath: (path) => path,
};
path.posix = path;
module.exports = path;
