// Errors of the API as `Status` objects. Upstream: k8s.io/apimachinery/pkg/api/errors, pkg/util/validation/field.

import { goFloat, goJson, quoteGo } from "./go-text.ts";
import { formatGroupResource, type GroupResource, type Status, type StatusCause } from "./object.ts";

/** Thrown wherever a request fails with a defined answer; the pipeline writes `status` as it is. */
export class StatusError extends Error {
  override readonly name = "StatusError";
  readonly status: Status;
  /** Extra response headers, e.g. `retry-after`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: Omit<Status, "apiVersion" | "kind" | "metadata">,
    headers: Readonly<Record<string, string>> = {},
  ) {
    const told = isLong(status) ? shortened(status) : status;
    super(told.message);
    this.status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", ...told } as Status;
    this.headers = headers;
  }

  get code(): number {
    return this.status.code ?? 500;
  }
  get reason(): string {
    return this.status.reason ?? "";
  }
}

/** Characters of one text about what is wrong. Upstream has no bound: it repeats a name of 3 MB six times. */
const longestText = 512 * 1024;

const cut = (text: string): string =>
  text.length <= longestText
    ? text
    : `${text.slice(0, longestText).toWellFormed()}... (${text.length - longestText} more characters)`;

type Telling = Omit<Status, "apiVersion" | "kind" | "metadata">;

const isLong = ({ message, details }: Telling): boolean =>
  (message?.length ?? 0) > longestText || (details?.name?.length ?? 0) > longestText;

function shortened<T extends Telling>(status: T): T {
  const { message, details } = status;
  return {
    ...status,
    ...(message === undefined ? {} : { message: cut(message) }),
    ...(details?.name === undefined ? {} : { details: { ...details, name: cut(details.name) } }),
  };
}

export const isNotFound = (error: unknown): boolean => hasReason(error, "NotFound");
export const isAlreadyExists = (error: unknown): boolean => hasReason(error, "AlreadyExists");
export const isConflict = (error: unknown): boolean => hasReason(error, "Conflict");
export const isInvalid = (error: unknown): boolean => hasReason(error, "Invalid");
export const isForbidden = (error: unknown): boolean => hasReason(error, "Forbidden");
/** 410: the resourceVersion or continue token is too old; list again. */
export const isExpired = (error: unknown): boolean => hasReason(error, "Expired") || hasReason(error, "Gone");
export const hasReason = (error: unknown, reason: string): boolean =>
  error instanceof StatusError && error.reason === reason;

/** For `catch`: what is gone already needs no removing, and no change. Any other error goes on. */
export function ignoreNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error;
}

/** For `catch`: somebody else was faster. Any other error goes on. */
export function ignoreAlreadyExists(error: unknown): void {
  if (!isAlreadyExists(error)) throw error;
}

const details = (gr: GroupResource, name: string) => ({
  ...(name ? { name } : {}),
  ...(gr.group ? { group: gr.group } : {}),
  ...(gr.resource ? { kind: gr.resource } : {}),
});

export const notFound = (gr: GroupResource, name: string): StatusError =>
  new StatusError({
    code: 404,
    reason: "NotFound",
    message: `${formatGroupResource(gr)} ${quoteGo(name)} not found`,
    details: details(gr, name),
  });

export const alreadyExists = (gr: GroupResource, name: string): StatusError =>
  new StatusError({
    code: 409,
    reason: "AlreadyExists",
    message: `${formatGroupResource(gr)} ${quoteGo(name)} already exists`,
    details: details(gr, name),
  });

/** `why` is the text after the colon. */
export const conflict = (gr: GroupResource, name: string, why: string): StatusError =>
  new StatusError({
    code: 409,
    reason: "Conflict",
    message: `Operation cannot be fulfilled on ${formatGroupResource(gr)} ${quoteGo(name)}: ${why}`,
    details: details(gr, name),
  });

export const modifiedConflict = (gr: GroupResource, name: string): StatusError =>
  conflict(gr, name, "the object has been modified; please apply your changes to the latest version and try again");

export const forbidden = (gr: GroupResource, name: string, why: string): StatusError =>
  new StatusError({
    code: 403,
    reason: "Forbidden",
    message:
      gr.resource === ""
        ? `forbidden: ${why}`
        : name === ""
          ? `${formatGroupResource(gr)} is forbidden: ${why}`
          : `${formatGroupResource(gr)} ${quoteGo(name)} is forbidden: ${why}`,
    details: details(gr, name),
  });

export const badRequest = (message: string): StatusError =>
  new StatusError({ code: 400, reason: "BadRequest", message });
export const internalError = (message: string): StatusError =>
  new StatusError({
    code: 500,
    reason: "InternalError",
    message: `Internal error occurred: ${message}`,
    details: { causes: [{ message }] },
  });
export const methodNotSupported = (gr: GroupResource, verb: string): StatusError =>
  new StatusError({
    code: 405,
    reason: "MethodNotAllowed",
    message: `${verb} is not supported on resources of kind ${quoteGo(formatGroupResource(gr))}`,
    details: details(gr, ""),
  });
export const expired = (message: string): StatusError => new StatusError({ code: 410, reason: "Expired", message });
/** 429. Clients wait for `retryAfterSeconds`, when it is above zero, and try again. */
export const tooManyRequests = (message: string, retryAfterSeconds = 0): StatusError =>
  new StatusError(
    { code: 429, reason: "TooManyRequests", message, ...retryDetails(retryAfterSeconds) },
    retryAfterSeconds > 0 ? { "retry-after": String(retryAfterSeconds) } : {},
  );
/** 504 of a request that the server could not finish in time. */
export const timeout = (message: string, retryAfterSeconds = 0): StatusError =>
  new StatusError(
    { code: 504, reason: "Timeout", message: `Timeout: ${message}`, ...retryDetails(retryAfterSeconds) },
    retryAfterSeconds > 0 ? { "retry-after": String(retryAfterSeconds) } : {},
  );
const retryDetails = (retryAfterSeconds: number) => (retryAfterSeconds > 0 ? { details: { retryAfterSeconds } } : {});
export const requestTooLarge = (message: string): StatusError =>
  new StatusError({ code: 413, reason: "RequestEntityTooLarge", message: `Request entity too large: ${message}` });
export const serviceUnavailable = (message: string): StatusError =>
  new StatusError({ code: 503, reason: "ServiceUnavailable", message });

const genericTexts: Readonly<Record<number, readonly [reason: string, message: string]>> = {
  400: ["BadRequest", "the server rejected our request for an unknown reason"],
  401: ["Unauthorized", "the server has asked for the client to provide credentials"],
  404: ["NotFound", "the server could not find the requested resource"],
  405: ["MethodNotAllowed", "the server does not allow this method on the requested resource"],
  409: ["Conflict", "the server reported a conflict"],
  422: ["Invalid", "the server rejected our request due to an error in our request"],
  429: ["TooManyRequests", "the server has received too many requests and has asked us to try again later"],
  503: ["ServiceUnavailable", "the server is currently unable to handle the request"],
  504: [
    "Timeout",
    "the server was unable to return a response in the time allotted, but may still be processing the request",
  ],
};

/** An answer whose text is the code's own; `message` shows only where upstream lets it (403, 406, 415, 5xx). */
export function genericResponse(code: number, message = ""): StatusError {
  const [reason, text] = genericTexts[code] ?? genericReason(code, message);
  return new StatusError({ code, message: text, ...(reason === "" ? {} : { reason }), details: {} });
}

function genericReason(code: number, message: string): readonly [reason: string, message: string] {
  if (code === 403) return ["Forbidden", message];
  if (code === 406)
    return [
      "NotAcceptable",
      message || "the server was unable to respond with a content type that the client supports",
    ];
  if (code === 415) return ["UnsupportedMediaType", message];
  if (code >= 500)
    return ["InternalError", `an error on the server (${quoteGo(message)}) has prevented the request from succeeding`];
  return ["", `the server responded with the status code ${code} but did not return more information`];
}

/** A thing of the API that this version does not have yet. 501 says so instead of a wrong answer. */
export const notImplemented = (what: string): StatusError =>
  new StatusError({ code: 501, reason: "NotImplemented", message: `${what} is not implemented by this server` });

/** One finding of validation. `type` is the cause's reason, e.g. `FieldValueInvalid`; `message` is the text without the field. */
export interface FieldError {
  readonly type: FieldErrorType;
  readonly field: string;
  readonly message: string;
}

export type FieldErrorType =
  | "FieldValueNotFound"
  | "FieldValueRequired"
  | "FieldValueDuplicate"
  | "FieldValueInvalid"
  | "FieldValueNotSupported"
  | "FieldValueForbidden"
  | "FieldValueTooLong"
  | "FieldValueTooMany"
  | "FieldValueTooFew"
  | "FieldValueTooShort"
  | "InternalError"
  | "FieldValueTypeInvalid";

/**
 * Findings beyond this many are neither looked for nor told: nobody reads more, and an answer with a million of them costs its
 * server seconds and gigabytes. Upstream has no bound.
 */
export const mostFindings = 5000;

/** Findings behind so many characters of text are not told either: some show the whole list that they are about. */
const mostFindingCharacters = 1024 * 1024;

/** The first findings, as many as are told. */
function toldOf(found: readonly FieldError[]): FieldError[] {
  const told: FieldError[] = [];
  let characters = 0;
  for (const { type, field, message } of found) {
    if (told.length >= mostFindings || characters > mostFindingCharacters) break;
    const each = { type, field: cut(field), message: cut(message) };
    told.push(each);
    characters += each.field.length + each.message.length;
  }
  return told;
}

/** A finding that shows a value: a long text is made when it is asked for, most are never told. */
function showing(type: FieldErrorType, at: string, { value, text }: Shown): FieldError {
  const isShort = typeof value === "string" ? value.length < 1000 : typeof value !== "object";
  if (isShort) return { type, field: at, message: text(show(value)) };
  let message: string | undefined;
  return {
    type,
    field: at,
    get message() {
      return (message ??= text(show(value)));
    },
  };
}

interface Shown {
  readonly value: unknown;
  /** The message around the shown value. */
  text(value: string): string;
}

/** 422 with one cause per finding, `mostFindings` of them at most; `kind` is the object's kind, as upstream prints it: `Pod "x" is invalid: …`. */
export function invalid(gk: { group: string; kind: string }, name: string, found: readonly FieldError[]): StatusError {
  const errors = toldOf(found);
  const texts = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))];
  const all = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  const kind = gk.group === "" ? gk.kind : `${gk.kind}.${gk.group}`;
  const causes: StatusCause[] = errors.map((error) => ({
    reason: error.type,
    message: error.message,
    field: error.field,
  }));
  return new StatusError({
    code: 422,
    reason: "Invalid",
    message: `${kind} ${quoteGo(cut(name))} is invalid${errors.length > 0 ? `: ${all}` : ""}`,
    details: {
      ...(name ? { name } : {}),
      ...(gk.group ? { group: gk.group } : {}),
      ...(gk.kind ? { kind: gk.kind } : {}),
      ...(causes.length > 0 ? { causes } : {}),
    },
  });
}

/** Constructors of field errors with upstream's texts. `path` is dotted: `spec.containers[0].name`. */
export const field = {
  required: (path: string, detail = ""): FieldError => ({
    type: "FieldValueRequired",
    field: path,
    message: `Required value${detail && `: ${detail}`}`,
  }),
  invalid: (path: string, value: unknown, detail: string): FieldError =>
    showing("FieldValueInvalid", path, {
      value,
      text: (shown) => `Invalid value: ${shown}${detail && `: ${detail}`}`,
    }),
  notSupported: (path: string, value: unknown, supported: readonly string[]): FieldError => ({
    type: "FieldValueNotSupported",
    field: path,
    message: `Unsupported value: ${typeof value === "string" ? htmlEscaped(show(value)) : show(value)}${
      supported.length > 0 ? `: supported values: ${supported.map((each) => quoteGo(each)).join(", ")}` : ""
    }`,
  }),
  /** Of a value whose type in Go is a plain string: those are quoted, where named types are marshalled. */
  textNotSupported: (path: string, value: string, supported: readonly string[]): FieldError => ({
    type: "FieldValueNotSupported",
    field: path,
    message: `Unsupported value: ${show(value)}: supported values: ${supported.map((each) => quoteGo(each)).join(", ")}`,
  }),
  forbidden: (path: string, detail: string): FieldError => ({
    type: "FieldValueForbidden",
    field: path,
    message: `Forbidden${detail && `: ${detail}`}`,
  }),
  duplicate: (path: string, value: unknown): FieldError =>
    showing("FieldValueDuplicate", path, { value, text: (shown) => `Duplicate value: ${shown}` }),
  notFound: (path: string, value: unknown): FieldError => ({
    type: "FieldValueNotFound",
    field: path,
    message: `Not found: ${show(value)}`,
  }),
  tooLong: (path: string, maxLength: number): FieldError => ({
    type: "FieldValueTooLong",
    field: path,
    message: `Too long: ${maxLength < 0 ? "value is too long" : `may not be more than ${maxLength} ${maxLength === 1 ? "byte" : "bytes"}`}`,
  }),
  tooLongCharacters: (path: string, maxLength: number): FieldError => ({
    type: "FieldValueTooLong",
    field: path,
    message: `Too long: may not be more than ${maxLength} ${maxLength === 1 ? "character" : "characters"}`,
  }),
  tooShort: (path: string, minLength: number): FieldError => ({
    type: "FieldValueTooShort",
    field: path,
    message: `Too short: must be at least ${minLength} ${minLength === 1 ? "byte" : "bytes"}`,
  }),
  tooFew: (path: string, actual: number, min: number): FieldError => ({
    type: "FieldValueTooFew",
    field: path,
    message: `Too few: ${actual}: must have at least ${min} item${min === 1 ? "" : "s"}`,
  }),
  internal: (path: string, detail: string): FieldError => ({
    type: "InternalError",
    field: path,
    message: `Internal error: ${detail}`,
  }),
  tooMany: (path: string, actual: number, max: number): FieldError => ({
    type: "FieldValueTooMany",
    field: path,
    message: `Too many: ${actual}: must have at most ${max} item${max === 1 ? "" : "s"}`,
  }),
  typeInvalid: (path: string, value: unknown, detail: string): FieldError =>
    showing("FieldValueTypeInvalid", path, {
      value,
      text: (shown) => `Invalid value: ${shown}${detail && `: ${detail}`}`,
    }),
} as const;

/** Upstream's printer of bad values: quoted strings, plain numbers and booleans, anything else as JSON. */
function show(value: unknown): string {
  if (typeof value === "number" && !(Number.isInteger(value) && Math.abs(value) < 2 ** 63)) return goFloat(value);
  return typeof value === "string" ? quoteGo(cut(value)) : goJson(inGoOrder(value));
}

/** Label selectors, the values that are told most, in the order of their Go fields. */
function inGoOrder(value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  const { matchLabels, matchExpressions, ...others } = value as LabelSelectorLike;
  if ((matchLabels === undefined && matchExpressions === undefined) || Object.keys(others).length > 0) return value;
  const labels = Object.entries(matchLabels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...(labels.length === 0 ? {} : { matchLabels: Object.fromEntries(labels) }),
    ...(matchExpressions === undefined ? {} : { matchExpressions: matchExpressions.map(requirementInGoOrder) }),
  };
}

interface LabelSelectorLike {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key?: string;
    readonly operator?: string;
    readonly values?: unknown;
  }[];
}

const requirementInGoOrder = ({ key, operator, values, ...others }: Record<string, unknown>): object => ({
  key,
  operator,
  ...(values === undefined ? {} : { values }),
  ...others,
});

/** Enumerations have types of their own, which upstream prints as JSON. */
const htmlEscaped = (text: string): string =>
  text.replace(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);
