// The recorded cases: their shape, how a request's placeholders are filled in, and when two answers are the same.
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { gunzipSync } from "node:zlib";

export interface Step {
  readonly method?: string;
  readonly path: string;
  readonly contentType?: string;
  readonly accept?: string;
  readonly body?: unknown;
  readonly raw?: string | readonly unknown[];
  /** `user[,group…]` to act as. */
  readonly as?: string;
  /** Time that passes before the step. */
  readonly sleepMs?: number;
  /** Path of an object whose resourceVersion goes into the body. */
  readonly rvOf?: string;
  readonly until?: {
    readonly code?: number;
    readonly contains?: string;
    readonly condition?: string;
    readonly ms?: number;
  };
}

export interface Outcome {
  readonly code: number;
  readonly warnings?: string;
  readonly contentType?: string;
  readonly body?: unknown;
}

export interface WatchOutcome extends Outcome {
  readonly events: readonly unknown[];
  readonly ended: boolean;
}

export interface StepsCase {
  readonly id: string;
  readonly steps: readonly Step[];
  readonly out: readonly Outcome[];
  readonly watch?: undefined;
}

export interface WatchCase extends WatchOutcome {
  readonly id: string;
  readonly setup: readonly Step[];
  readonly watch: Step;
  readonly during?: readonly Step[];
  readonly waitMs?: number;
  /** The events are compared as one text. */
  readonly raw?: boolean;
}

export type Case = StepsCase | WatchCase;

/** The cases of a file beside this one. */
export const readCases = (name: string): Case[] =>
  gunzipSync(readFileSync(new URL(`${name}.jsonl.gz`, import.meta.url)))
    .toString()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Case);

export const isSetup = ({ id }: Case): boolean => id.startsWith("setup/");

/** `{"repeat": ["x", 9]}` stands for nine x. */
function expand(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(expand);
  if (value === null || typeof value !== "object") return value;
  const { repeat } = value as { repeat?: unknown };
  if (Array.isArray(repeat) && Object.keys(value).length === 1 && repeat.length === 2 && typeof repeat[0] === "string")
    return repeat[0].repeat(repeat[1] as number);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, expand(member)]));
}

/** The body as text; undefined when the request has none. */
export function payloadOf({ raw, body }: Step): string | undefined {
  if (raw !== undefined) return typeof raw === "string" ? raw : raw.map(expand).join("");
  if (body === undefined) return undefined;
  const text = JSON.stringify(body);
  return text.includes('"repeat":[') ? JSON.stringify(expand(body)) : text;
}

/** What normalization takes for the client's own text. */
export const sentOf = ({ raw, body }: Step): string =>
  raw === undefined ? JSON.stringify(body ?? "") : typeof raw === "string" ? raw : JSON.stringify(raw);

/** Values of earlier answers by their placeholder's name. */
export type Seen = Record<string, string>;

export function learn(seen: Seen, text: string): void {
  let body: { kind?: string; metadata?: { uid?: string; resourceVersion?: string; continue?: string } } | null;
  try {
    body = JSON.parse(text);
  } catch {
    return; // not every answer is JSON
  }
  const metadata = body?.metadata;
  if (metadata === null || typeof metadata !== "object") return;
  const found = { uid: metadata.uid, rv: metadata.resourceVersion, continue: metadata.continue };
  for (const [name, value] of Object.entries(found))
    if (value) {
      seen[name] = value;
      seen[`${name}0`] ??= value;
    }
  if (/List$/.test(body?.kind ?? "") && metadata.resourceVersion) seen["rv-of-list"] = metadata.resourceVersion;
}

/** The step with `<uid>`, `<rv>`, `<continue>`, … of earlier answers in their places. */
export function fill(step: Step, seen: Seen): Step {
  const put = (text: string, encode: (value: string) => string): string =>
    text.replace(/<((?:uid|rv|continue)0?|rv-of-list)>/g, (whole, name: string) => {
      const value = seen[name];
      return value !== undefined ? encode(value) : name === "rv-of-list" ? "" : whole;
    });
  const plain = (value: string): string => value;
  return {
    ...step,
    path: put(step.path, encodeURIComponent),
    ...(typeof step.raw === "string" ? { raw: put(step.raw, plain) } : {}),
    ...(step.body === undefined ? {} : { body: JSON.parse(put(JSON.stringify(step.body), plain)) as unknown }),
  };
}

/** The order of causes, and of the words of the message made of them, is no part of the contract. */
function loose(body: unknown): unknown {
  const status = body as { kind?: string; message?: string; details?: { causes?: unknown[] } } | null | undefined;
  if (status?.kind !== "Status" || !Array.isArray(status.details?.causes)) return body;
  const causes = status.details.causes
    .map((each) =>
      Object.entries(each as object)
        .map((member) => JSON.stringify(member))
        .sort()
        .join(),
    )
    .sort();
  const message = status.message
    ?.split(/[,[\] ]+/)
    .sort()
    .join(" ");
  return { ...status, message, details: { ...status.details, causes } };
}

const sameAnswer = (want: Outcome | undefined, got: Outcome | undefined): boolean =>
  want !== undefined &&
  got !== undefined &&
  want.code === got.code &&
  (want.warnings ?? "") === (got.warnings ?? "") &&
  (want.contentType ?? "") === (got.contentType ?? "") &&
  isDeepStrictEqual(loose(want.body), loose(got.body));

const clip = (value: unknown): string => (JSON.stringify(value) ?? "nothing").slice(0, 700);
const shown = ({ code, contentType, warnings, body }: Partial<Outcome>): string =>
  [code, contentType, warnings, clip(body)].filter((each) => each !== undefined).join(" ");

/** Where the answers differ, as want/got; undefined when the case agrees. */
export function difference(each: Case, got: readonly Outcome[] | WatchOutcome): string | undefined {
  if (each.watch === undefined) return stepsDifference(each, got as readonly Outcome[]);
  const theirs = got as WatchOutcome;
  const lines: string[] = [];
  if (!sameAnswer(each, theirs)) lines.push(`  want ${shown(each)}\n  got  ${shown(theirs)}`);
  if (each.ended !== theirs.ended) lines.push(`  ended: want ${each.ended} got ${theirs.ended}`);
  for (let index = 0; index < Math.max(each.events.length, theirs.events.length); index++) {
    const [want, have] = [each.events[index], theirs.events[index]];
    if (!isDeepStrictEqual(want, have)) lines.push(`  event ${index}: want ${clip(want)}\n  got  ${clip(have)}`);
  }
  return lines.length === 0 ? undefined : `${each.id}\n${lines.join("\n")}`;
}

function stepsDifference(each: StepsCase, got: readonly Outcome[]): string | undefined {
  const lines = each.out.flatMap((want, index) => {
    const have = got[index];
    if (sameAnswer(want, have)) return [];
    const { method = "GET", path } = each.steps[index]!;
    return [`  ${method} ${path.slice(0, 200)}\n  want ${shown(want)}\n  got  ${shown(have ?? {})}`];
  });
  return lines.length === 0 && each.out.length === got.length ? undefined : `${each.id}\n${lines.join("\n")}`;
}
