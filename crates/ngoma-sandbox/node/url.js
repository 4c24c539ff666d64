// Node's `url`: the parser from before the WHATWG's standard, and that standard's classes.
"use strict";

const { unfit } = require("./internal/errors");
const querystring = require("./querystring");
const { URL, URLSearchParams } = require("./internal/web_url");
const { domainToAscii, domainToUnicode } = require("host:");

/** Schemes whose addresses have a host, written with two slashes. */
const SLASHED = new Set(["http", "https", "ftp", "gopher", "file", "ws", "wss"].flatMap((name) => [name, `${name}:`]));
const HOSTLESS = new Set(["javascript", "javascript:"]);
/** What ends a host. */
const AFTER_HOST = /[/?#]/;
/** What no part of an address holds as it is. */
const ESCAPED = /[\t\n\r "'<>\\^`{|}]/g;
const HOST_LETTERS = /^[a-z0-9.\-_+]*$/i;
const LONGEST_HOST = 255;

function Url() {
  this.protocol = null;
  this.slashes = null;
  this.auth = null;
  this.host = null;
  this.port = null;
  this.hostname = null;
  this.hash = null;
  this.search = null;
  this.query = null;
  this.pathname = null;
  this.path = null;
  this.href = null;
}

function parse(input, parseQuery = false, slashesDenoteHost = false) {
  if (input instanceof Url) return input;
  const url = new Url();
  url.parse(input, parseQuery, slashesDenoteHost);
  return url;
}

Url.prototype.parse = function (input, parseQuery, slashesDenoteHost) {
  if (typeof input !== "string") throw unfit("url", "of type string", input);
  let rest = withSlashes(input.trim());
  const scheme = /^[a-z0-9.+-]+:/i.exec(rest)?.[0];
  const lower = scheme?.toLowerCase();
  if (scheme !== undefined) {
    this.protocol = lower;
    rest = rest.slice(scheme.length);
  }
  const hasSlashes = rest.startsWith("//") && (slashesDenoteHost || scheme !== undefined || /^\/\/[^@/]+@[^@/]+/.test(rest));
  if (hasSlashes && !HOSTLESS.has(lower)) {
    this.slashes = true;
    rest = rest.slice(2);
  }
  if (!HOSTLESS.has(lower) && (this.slashes || (scheme !== undefined && !SLASHED.has(lower)))) rest = this.takeHost(rest, input);
  if (!HOSTLESS.has(lower)) rest = rest.replace(ESCAPED, (letter) => "%" + letter.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0"));
  this.takePath(rest, parseQuery, lower);
  this.href = this.format();
  return this;
};

/** Back slashes before the query are slashes. */
function withSlashes(text) {
  const end = text.search(/[?#]/);
  if (end < 0) return text.replaceAll("\\", "/");
  return text.slice(0, end).replaceAll("\\", "/") + text.slice(end);
}

/** Reads `user:pass@host:port`; returns what follows. */
Url.prototype.takeHost = function (text, whole) {
  const end = text.search(AFTER_HOST);
  let authority = end < 0 ? text : text.slice(0, end);
  let rest = end < 0 ? "" : text.slice(end);
  const at = authority.lastIndexOf("@");
  if (at >= 0) {
    this.auth = decodeURIComponent(authority.slice(0, at));
    authority = authority.slice(at + 1);
  }
  const stop = authority.search(/[\t\n\r "%';<>\\^`{|}]/);
  if (stop >= 0) {
    rest = authority.slice(stop) + rest;
    authority = authority.slice(0, stop);
  }
  const port = /:([0-9]*)$/.exec(authority);
  let hostname = authority;
  if (port !== null) {
    if (port[1] !== "") this.port = port[1];
    hostname = authority.slice(0, port.index);
  }
  const isAddress = hostname.startsWith("[") && hostname.endsWith("]");
  if (!isAddress && !/^[\x00-\x7f]*$/.test(hostname)) hostname = domainToAscii(hostname);
  else if (!isAddress && !HOST_LETTERS.test(hostname)) {
    // What follows the first letter that no host has is the path's.
    if (/[\x00-\x20#%/:<>?@[\\\]^|]/.test(hostname)) {
      const error = new TypeError("Invalid URL");
      throw Object.assign(error, { code: "ERR_INVALID_URL", input: whole });
    }
  }
  hostname = hostname.length > LONGEST_HOST ? "" : hostname.toLowerCase();
  this.host = hostname + (this.port === null ? "" : `:${this.port}`);
  this.hostname = isAddress ? hostname.slice(1, -1) : hostname;
  if (rest !== "" && !rest.startsWith("/") && isAddress) rest = "/" + rest;
  return rest !== "" && !/^[/?#]/.test(rest) ? `/${rest}` : rest;
};

Url.prototype.takePath = function (text, parseQuery, scheme) {
  let rest = text;
  const hash = rest.indexOf("#");
  if (hash >= 0) {
    this.hash = rest.slice(hash);
    rest = rest.slice(0, hash);
  }
  const query = rest.indexOf("?");
  if (query >= 0) {
    this.search = rest.slice(query);
    this.query = rest.slice(query + 1);
    if (parseQuery) this.query = querystring.parse(this.query);
    rest = rest.slice(0, query);
  } else if (parseQuery) {
    this.search = null;
    this.query = Object.create(null);
  }
  if (rest !== "") this.pathname = rest;
  if (SLASHED.has(scheme) && this.hostname && this.pathname === null) this.pathname = "/";
  if (this.pathname !== null || this.search !== null) this.path = (this.pathname ?? "") + (this.search ?? "");
};

Url.prototype.format = function () {
  const auth = this.auth ? `${encodeAuth(this.auth)}@` : "";
  let protocol = this.protocol || "";
  let pathname = this.pathname || "";
  let hash = this.hash || "";
  let host = "";
  if (this.host) host = auth + this.host;
  else if (this.hostname) {
    const isAddress = this.hostname.includes(":") && !this.hostname.startsWith("[");
    host = auth + (isAddress ? `[${this.hostname}]` : this.hostname) + (this.port ? `:${this.port}` : "");
  }
  const isQueryObject = this.query !== null && typeof this.query === "object";
  let search = this.search || (isQueryObject && querystring.stringify(this.query) ? `?${querystring.stringify(this.query)}` : "");
  if (protocol && !protocol.endsWith(":")) protocol += ":";
  pathname = pathname.replace(/[?#]/g, (letter) => (letter === "?" ? "%3F" : "%23"));
  if (this.slashes || SLASHED.has(protocol)) {
    if (this.slashes || host) {
      if (pathname && !pathname.startsWith("/")) pathname = `/${pathname}`;
      host = `//${host}`;
    } else if (protocol.startsWith("file")) host = "//";
  }
  search = search.replaceAll("#", "%23");
  if (hash && !hash.startsWith("#")) hash = `#${hash}`;
  if (search && !search.startsWith("?")) search = `?${search}`;
  return protocol + host + pathname + search + hash;
};

function encodeAuth(auth) {
  return encodeURIComponent(auth).replace(/%3A/i, ":");
}

function format(url, options) {
  if (typeof url === "string") return parse(url).format();
  if (url instanceof URL) return formatWeb(url, options);
  if (typeof url !== "object" || url === null) throw unfit("urlObject", "one of type object or string", url);
  return url instanceof Url ? url.format() : Url.prototype.format.call(url);
}

function formatWeb(url, { auth = true, fragment = true, search = true, unicode = false } = {}) {
  const credentials = auth && url.username ? `${url.username}${url.password ? `:${url.password}` : ""}@` : "";
  const hostname = unicode ? domainToUnicode(url.hostname) : url.hostname;
  const host = url.host === "" ? "" : `//${credentials}${hostname}${url.port ? `:${url.port}` : ""}`;
  return url.protocol + host + url.pathname + (search ? url.search : "") + (fragment ? url.hash : "");
}

Url.prototype.resolve = function (relative) {
  return this.resolveObject(parse(relative, false, true)).format();
};

Url.prototype.resolveObject = function (relative) {
  const to = typeof relative === "string" ? parse(relative, false, true) : relative;
  const result = Object.assign(new Url(), this);
  result.hash = to.hash;
  if (to.href === "") {
    result.href = result.format();
    return result;
  }
  const isElsewhere = to.protocol !== null && to.protocol !== result.protocol;
  if (isElsewhere && (to.slashes || !SLASHED.has(to.protocol))) return finished(Object.assign(result, to));
  if (to.slashes) {
    const protocol = to.protocol ?? result.protocol;
    Object.assign(result, to, { protocol });
    if (to.protocol !== null && result.pathname !== null) result.pathname = withoutDots(result.pathname, result.host);
    if (SLASHED.has(protocol) && result.hostname && !result.pathname) result.pathname = "/";
    return finished(result);
  }
  if (isElsewhere) {
    Object.assign(result, to, { host: result.host, hostname: result.hostname, slashes: to.slashes ?? result.slashes });
    return finished(result);
  }
  const isRooted = to.pathname?.startsWith("/");
  if (isRooted) Object.assign(result, { pathname: to.pathname, search: to.search, query: to.query });
  else if (to.pathname) {
    const folder = (result.pathname ?? "").replace(/[^/]*$/, "");
    const begin = folder === "" && result.host ? "/" : folder;
    Object.assign(result, { pathname: begin + to.pathname, search: to.search, query: to.query });
  } else if (to.search !== null) Object.assign(result, { search: to.search, query: to.query });
  if (result.pathname !== null) result.pathname = withoutDots(result.pathname, result.host);
  if (result.pathname === "" && result.host) result.pathname = "/";
  return finished(result);
};

function finished(url) {
  url.path = url.pathname !== null || url.search !== null ? (url.pathname ?? "") + (url.search ?? "") : null;
  url.href = url.format();
  return url;
}

/** A path without `.` and `..`. */
function withoutDots(path, host) {
  const isRooted = path.startsWith("/");
  const parts = [];
  let above = 0;
  const given = (isRooted ? path.slice(1) : path).split("/");
  given.forEach((part) => {
    if (part === "..") {
      if (parts.length > 0) parts.pop();
      else above += 1;
    } else if (part !== ".") parts.push(part);
  });
  if (/(^|\/)\.\.?$/.test(path) && parts.at(-1) !== "") parts.push("");
  const outer = isRooted || host ? "" : "../".repeat(above);
  return (isRooted ? "/" : "") + outer + parts.join("/");
}

function resolve(from, to) {
  return parse(from, false, true).resolve(to);
}

function resolveObject(from, to) {
  return from ? parse(from, false, true).resolveObject(to) : to;
}

function fileURLToPath(url) {
  const file = typeof url === "string" ? new URL(url) : url;
  if (file.protocol !== "file:") {
    throw Object.assign(new TypeError("The URL must be of scheme file"), { code: "ERR_INVALID_URL_SCHEME" });
  }
  return decodeURIComponent(file.pathname);
}

function pathToFileURL(path) {
  const url = new URL("file:///");
  url.pathname = path.replace(/[%\\\n\r\t]/g, encodeURIComponent);
  return url;
}

function urlToHttpOptions(url) {
  const { protocol, hostname, hash, search, pathname, href, port, username, password } = url;
  const options = { protocol, hostname, hash, search, pathname, path: `${pathname}${search}`, href };
  if (port !== "") options.port = Number(port);
  if (username || password) options.auth = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return options;
}

module.exports = {
  Url,
  parse,
  resolve,
  resolveObject,
  format,
  URL,
  URLSearchParams,
  domainToASCII: domainToAscii,
  domainToUnicode,
  fileURLToPath,
  pathToFileURL,
  urlToHttpOptions,
};
