// Takes out of an answer what differs from run to run (uids, times, revisions, allocated addresses, random suffixes), by the rules
// under which the corpus was recorded. What the request itself contained stays, so that an echo is still compared.
import { createHash } from "node:crypto";

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;
/** Address of the server that answers; a targetPort equal to it is the server's own. */
export const serverAddress = { address: "192.0.2.1", port: 6443 };

type Json = Record<string, unknown>;

/** Texts in which a number is a resourceVersion or an allocated port. */
const numbers: readonly (readonly [RegExp, string])[] = [
  [/(resource ?version in object meta: )\d+/gi, "$1<rv>"],
  [/(ResourceVersion in record \()\d+/g, "$1<rv>"],
  [/(too old resource version: \d+ )\(\d+\)/g, "$1(<rv>)"],
  [/(, current: )\d+/g, "$1<rv>"],
  [/(Too large resource version: )\d{1,7}(?=,)/g, "$1<rv>"],
  [/(\\"resourceVersion\\":\\")[1-9]\d*(?=\\")/g, "$1<rv>"],
  [/hash=[0-9A-Fa-f]+/g, "hash=<hash>"],
  [/selfType\d+/g, "selfType<rand>"],
  [/(resourceVersion: "|"resourceVersion":")[1-9]\d*"/g, '$1<rv>"'],
  [/(serverAddress: )\S+/g, "$1<server>"],
  [/((?:healthCheckN|n)odePort: )3\d{4}\b/g, "$1<port>"],
  [/(\d:)3\d{4}(?=\/(?:TCP|UDP|SCTP))/g, "$1<port>"],
  [/kube-api-access-[a-z0-9]{5}/g, "kube-api-access-<rand>"],
];

/** A string; `sent` is the text of the request. */
export function normalizeText(value: string, sent: string): string {
  const unlessSent =
    (placeholder: string) =>
    (found: string): string =>
      sent.includes(found) ? found : placeholder;
  let text = value
    .replace(time, unlessSent("<time>"))
    .replace(/(ResourceVersion in the precondition \()(\d+)/g, (whole, before: string, number: string) =>
      sent.includes(`"${number}"`) ? whole : `${before}<rv>`,
    );
  for (const [pattern, replacement] of numbers) text = text.replace(pattern, replacement);
  text = text.replace(/10\.(96|200)\.\d+\.\d+/g, unlessSent("<ip>")).replace(uuid, unlessSent("<uid>"));
  text = withoutSuffixes(text, sent);
  if (text.length <= 5000 || !/^(.)\1+$/s.test(text.slice(0, 4000))) return text;
  return `<${text.length} characters, SHA-256 ${createHash("sha256").update(text).digest("hex")}>`;
}

/** Five random characters behind the generateName that was sent. */
function withoutSuffixes(text: string, sent: string): string {
  const [, quoted] = /"generateName":("(?:[^"\\]|\\.)+")/.exec(sent) ?? [];
  if (quoted === undefined) return text;
  const prefix = (JSON.parse(quoted) as string).slice(0, 58);
  let result = text;
  for (let at = result.indexOf(prefix); at >= 0; at = result.indexOf(prefix, at)) {
    at += prefix.length;
    const after = result.slice(at);
    if (/^[bcdfghjklmnpqrstvwxz2456789]{5}(?![a-z0-9])/.test(after))
      result = `${result.slice(0, at)}<rand>${after.slice(5)}`;
  }
  return result;
}

const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

/** Any value of an answer; `key` is the member it stands in. */
export function normalize(value: unknown, sent: string, key = ""): unknown {
  if (Array.isArray(value)) return normalizeList(value, sent, key);
  if (value !== null && typeof value === "object") return normalizeObject(value as Json, sent);
  if (typeof value === "string") return normalizeString(value, sent, key);
  if (typeof value !== "number") return value;
  if (key === "targetPort" && value === serverAddress.port) return "<server-port>";
  const allocated = (key === "nodePort" || key === "healthCheckNodePort") && value >= 30000 && value <= 32767;
  return allocated && !sent.includes(String(value)) ? "<port>" : value;
}

function normalizeList(list: readonly unknown[], sent: string, key: string): unknown[] {
  const conflicts =
    key === "causes" && list.every((each) => (each as Json | null)?.["reason"] === "FieldManagerConflict");
  return (conflicts ? [...list].sort(byText) : list).map((each) =>
    key === "cells" && typeof each === "string" && /^(\d+[smhd])+$/.test(each) ? "<age>" : normalize(each, sent, key),
  );
}

function normalizeObject(value: Json, sent: string): Json {
  const result: Json = {};
  for (const [name, member] of Object.entries(value)) result[name] = normalize(member, sent, name);
  if (value["kind"] === "SelfSubjectRulesReview")
    for (const name of ["resourceRules", "nonResourceRules"]) {
      const rules = (result["status"] as Json | undefined)?.[name];
      if (Array.isArray(rules)) rules.sort(byText);
    }
  const { generateName, name } = value;
  if (typeof generateName === "string" && typeof name === "string" && name.startsWith(generateName))
    result["name"] = `${generateName}<rand>`;
  return result;
}

function normalizeString(value: string, sent: string, key: string): string {
  if (key !== "uid" && sent.includes(JSON.stringify(value))) return value;
  switch (key) {
    case "resourceVersion":
      if (/^\d+$/.test(value) && value !== "0") return "<rv>";
      break;
    case "continue":
      if (value !== "") return "<continue>";
      break;
    case "clusterIP":
    case "clusterIPs":
      if (value.startsWith("10.96.")) return "<ip>";
      break;
    case "token":
      if (value.startsWith("ey")) return "<token>";
      break;
    case "serverAddress":
      return "<server>";
    case "jwks_uri":
      return value.replace(/^https?:\/\/[^/]+/, "<server>");
    case "n":
    case "kid":
      return `<${key}>`;
  }
  return normalizeText(value, sent);
}
