// The string formats that schemas of custom resources may ask for. Upstream: kube-openapi pkg/validation/strfmt and its
// govalidator; which of them count is apiextensions-apiserver's pkg/apiserver/validation/formats.go.
import { parseCidr, parseIp } from "../../lib/formats/ip.ts";

const uuid = (version: string, variant: string): RegExp =>
  new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}-?${variant}-?[0-9a-f]{12}$`, "i");
const hostnamePattern =
  /^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9\-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$/u;
const cardPattern =
  /^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$/;
const colorPart = "(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])";
const rgbPattern = new RegExp(`^rgb\\(\\s*${colorPart}\\s*,\\s*${colorPart}\\s*,\\s*${colorPart}\\s*\\)$`);
const base64Pattern = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/;
const nameSegment = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?";
const matches =
  (pattern: RegExp): ((text: string) => boolean) =>
  (text) =>
    pattern.test(text);

function isDate(text: string): boolean {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (parts === null) return false;
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  if (month < 1 || month > 12 || day < 1) return false;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return day <= [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]!;
}

function isDateTime(text: string): boolean {
  const [date, time] = text.toLowerCase().split("t");
  if (text.length < 4 || date === undefined || time === undefined || !isDate(date)) return false;
  const parts = /^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$/.exec(time);
  return parts !== null && parts[1]! <= "23" && parts[2]! <= "59" && parts[3]! <= "59";
}

/** Go's own durations, and number and unit in words anywhere in the text. */
function isDuration(text: string): boolean {
  if (/^[-+]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/.test(text)) return true;
  const units = ["ns", "us", "µs", "ms", "s", "m", "h", "hr", "d", "w", "wk"];
  const words = ["nano", "micro", "milli", "sec", "min", "hour", "day", "week"];
  for (const [, unit] of text.matchAll(/\d+\s*([A-Za-zµ]+)/g)) {
    const lower = unit!.toLowerCase();
    if (units.includes(lower) || words.some((word) => lower.startsWith(word))) return true;
  }
  return false;
}

function isHostname(text: string): boolean {
  return hostnamePattern.test(text) && text.length <= 255 && text.split(".").every((part) => part.length <= 63);
}

/** RFC 5322 addresses, with or without a display name, as far as Go's net/mail reads them. */
function isEmail(text: string): boolean {
  const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\u0080-\\uffff-]+";
  const dotAtom = `${atom}(?:\\.${atom})*`;
  const local = `(?:${dotAtom}|"(?:[^"\\\\\\r\\n]|\\\\.)*")`;
  const address = `${local}@(?:${dotAtom}|\\[[^\\]\\\\]*\\])`;
  const word = `(?:${atom}|"(?:[^"\\\\\\r\\n]|\\\\.)*")`;
  const phrase = `${word}(?:[ \\t.]+${word})*\\.?`;
  const comment = "\\([^()]*\\)";
  return new RegExp(`^\\s*(?:${address}|(?:${phrase}\\s*)?<${address}>)\\s*(?:${comment}\\s*)*$`, "u").test(text);
}

/** Go's url.ParseRequestURI. */
function isRequestUri(text: string): boolean {
  if (text === "" || /[\u0000-\u001f\u007f]/.test(text)) return false;
  if (text === "*") return true;
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:/.exec(text);
  const rest = scheme === null ? text : text.slice(scheme[0].length);
  if (!rest.startsWith("/")) return scheme !== null;
  const path = rest.split("?", 1)[0]!;
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) return false;
  if (!rest.startsWith("//") || scheme === null) return true;
  const authority = /^\/\/([^/?]*)/.exec(rest)![1]!;
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  if (host.startsWith("[")) return /^\[[^\]]*\](?::\d*)?$/.test(host);
  return /^[^\s<>"\\^`{}|[\]:]*(?::\d*)?$/.test(host);
}

function isMac(text: string): boolean {
  const groups = (separator: string, digits: number): boolean => {
    const parts = text.split(separator);
    const bytes = (parts.length * digits) / 2;
    return [6, 8, 20].includes(bytes) && parts.every((part) => part.length === digits && /^[0-9A-Fa-f]+$/.test(part));
  };
  if (/^(?:[0-9A-Fa-f]{12}|[0-9A-Fa-f]{16}|[0-9A-Fa-f]{40})$/.test(text)) return true;
  return groups(":", 2) || groups("-", 2) || groups(".", 4);
}

const withoutLeadingZeros = (text: string): string =>
  text.replace(/(^|[.:])0+(?=\d+(?:[./]|$))/g, (_, before: string) => before);
const isIpv4 = (text: string): boolean => text.includes(".") && parseIp(withoutLeadingZeros(text)) !== undefined;
const isIpv6 = (text: string): boolean => text.includes(":") && parseIp(text) !== undefined;
const isCidr = (text: string): boolean => parseCidr(withoutLeadingZeros(text)) !== undefined;

function isCreditCard(text: string): boolean {
  const digits = text.replace(/[^0-9]+/g, "");
  if (!cardPattern.test(digits)) return false;
  const sum = [...digits].reverse().reduce((total, digit, index) => {
    const value = index % 2 === 1 ? Number(digit) * 2 : Number(digit);
    return total + (value >= 10 ? (value % 10) + 1 : value);
  }, 0);
  return sum % 10 === 0;
}

function isIsbn10(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, "");
  if (!/^(?:[0-9]{9}X|[0-9]{10})$/.test(digits)) return false;
  const sum = [...digits].reduce(
    (total, digit, index) => total + (index + 1) * (digit === "X" ? 10 : Number(digit)),
    0,
  );
  return sum % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, "");
  if (!/^[0-9]{13}$/.test(digits)) return false;
  const sum = [...digits.slice(0, 12)].reduce(
    (total, digit, index) => total + (index % 2 === 0 ? 1 : 3) * Number(digit),
    0,
  );
  return Number(digits[12]) === (10 - (sum % 10)) % 10;
}

/** By normalized name: without dashes. */
const formats: Readonly<Record<string, (text: string) => boolean>> = {
  bsonobjectid: matches(/^[0-9a-fA-F]{24}$/),
  uri: isRequestUri,
  email: isEmail,
  hostname: isHostname,
  ipv4: isIpv4,
  ipv6: isIpv6,
  cidr: isCidr,
  mac: isMac,
  uuid: matches(uuid("[0-9a-f]{4}", "[0-9a-f]{4}")),
  uuid3: matches(uuid("3[0-9a-f]{3}", "[0-9a-f]{4}")),
  uuid4: matches(uuid("4[0-9a-f]{3}", "[89ab][0-9a-f]{3}")),
  uuid5: matches(uuid("5[0-9a-f]{3}", "[89ab][0-9a-f]{3}")),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  ssn: (text) => text.length === 11 && /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text),
  hexcolor: matches(/^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/),
  rgbcolor: matches(rgbPattern),
  byte: matches(base64Pattern),
  password: () => true,
  date: isDate,
  duration: isDuration,
  datetime: isDateTime,
  k8sshortname: (text) => text.length <= 63 && new RegExp(`^${nameSegment}$`).test(text),
  k8slongname: (text) => text.length <= 253 && new RegExp(`^${nameSegment}(?:\\.${nameSegment})*$`).test(text),
};

const normalized = (format: string): string => format.replaceAll("-", "");

/** The check of a format; undefined for one that nobody knows. */
export const formatCheck = (format: string): ((text: string) => boolean) | undefined =>
  Object.hasOwn(formats, normalized(format)) ? formats[normalized(format)] : undefined;

/** Whether a format means something for a type; others are passed over. `type` "" when there is none or more than one. */
export function isKnownFormat(type: string, format: string): boolean {
  switch (type) {
    case "":
    case "string":
      return formatCheck(format) !== undefined;
    case "integer":
      return format === "int32" || format === "int64";
    case "number":
      return format === "float" || format === "double";
    default:
      return false;
  }
}
