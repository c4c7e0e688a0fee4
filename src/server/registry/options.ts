// CreateOptions, UpdateOptions, PatchOptions and DeleteOptions from the query (and a DELETE's body), checked with upstream's texts.
// Upstream: k8s.io/apimachinery/pkg/apis/meta/v1/validation.
import {
  badRequest,
  builtinSchemas,
  type DeleteOptions,
  decodeObject,
  decodeValue,
  type FieldError,
  type FieldValidation,
  field,
  invalid,
} from "../../machinery/index.ts";
import { cborType } from "../content/cbor.ts";
import type { RequestContext } from "../context.ts";
import { isTrue } from "../request-info.ts";
import { bodyMediaType } from "./body.ts";
import { int64Of } from "./read/list-query.ts";

export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: FieldValidation;
  readonly force: boolean | undefined;
  /** As the client sent them: what admission sees. */
  readonly raw: Readonly<Record<string, unknown>>;
}

const metaGroup = "meta.k8s.io";
const longestFieldManager = 128;

export type OptionsKind = "CreateOptions" | "UpdateOptions" | "PatchOptions";

/** Of a create, whose body's type is asked for first. Throws StatusError 415, 422. */
export function createOptions(context: RequestContext): WriteOptions {
  const { body } = context.request;
  if (body === undefined || body instanceof Uint8Array) bodyMediaType(context);
  return writeOptions(context, "CreateOptions");
}

export function writeOptions(context: RequestContext, kind: OptionsKind, isApply = false): WriteOptions {
  const { query } = context;
  if (query.size === 0 && !isApply) return plainOptions(context, kind);
  const dryRun = query.getAll("dryRun");
  const manager = query.get("fieldManager") ?? "";
  const validation = query.get("fieldValidation") ?? "";
  const force = query.has("force") ? isTrue(query.get("force")) : undefined;
  const found: FieldError[] = [];
  if (kind === "PatchOptions" && !isApply && force !== undefined)
    found.push(field.forbidden("force", "may not be specified for non-apply patch"));
  if (isApply && manager === "") found.push(field.required("fieldManager", "is required for apply patch"));
  found.push(...checkFieldManager(manager), ...checkDryRun(dryRun));
  if (!["", "Ignore", "Strict", "Warn"].includes(validation))
    found.push(field.notSupported("fieldValidation", validation, ["", "Ignore", "Strict", "Warn"]));
  if (found.length > 0) throw invalid({ group: metaGroup, kind }, "", found);
  return {
    dryRun: dryRun.length > 0,
    fieldManager: manager === "" ? managerOf(context.request.headers["user-agent"]) : manager,
    fieldValidation: validation === "" ? "Warn" : (validation as FieldValidation),
    force,
    raw: {
      kind,
      apiVersion: `${metaGroup}/v1`,
      ...(dryRun.length > 0 ? { dryRun } : {}),
      ...(manager === "" ? {} : { fieldManager: manager }),
      ...(validation === "" ? {} : { fieldValidation: validation }),
    },
  };
}

/** Of the requests, nearly all, that say nothing. */
const plainOptions = ({ request }: RequestContext, kind: OptionsKind): WriteOptions => ({
  dryRun: false,
  fieldManager: managerOf(request.headers["user-agent"]),
  fieldValidation: "Warn",
  force: undefined,
  raw: { kind, apiVersion: `${metaGroup}/v1` },
});

/** The user agent up to its first slash, cut to what a field manager may hold. */
function managerOf(userAgent: string | undefined): string {
  if (userAgent === undefined || userAgent === "") return "unknown";
  const known = knownManagers.get(userAgent);
  if (known !== undefined) return known;
  const manager = printablePrefix(userAgent);
  if (knownManagers.size >= mostKnownManagers) knownManagers.clear();
  knownManagers.set(userAgent, manager);
  return manager;
}

/** Few programs make most requests. */
const knownManagers = new Map<string, string>();
const mostKnownManagers = 256;

function printablePrefix(userAgent: string): string {
  const prefix = userAgent.split("/", 1)[0]!;
  let manager = "";
  for (const char of prefix) {
    if (!isPrintable(char)) continue;
    if (manager.length + char.length > longestFieldManager) break;
    manager += char;
  }
  return manager;
}

const isPrintable = (char: string): boolean => !/[\p{C}]/u.test(char) && (char === " " || !/\p{Z}/u.test(char));

function checkFieldManager(manager: string): FieldError[] {
  // Printable ASCII, as nearly all are.
  if (manager.length <= longestFieldManager && /^[ -~]*$/.test(manager)) return [];
  const found: FieldError[] = [];
  if (new TextEncoder().encode(manager).length > longestFieldManager)
    found.push(field.tooLong("fieldManager", longestFieldManager));
  for (const [index, char] of [...manager].entries())
    if (!isPrintable(char))
      found.push(
        field.invalid("fieldManager", manager, `invalid character ${goCodePoint(char)} (at position ${index})`),
      );
  return found;
}

/** Go's %#U: `U+0041 'A'`, the character itself where it can be shown. */
function goCodePoint(char: string): string {
  const point = `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
  return isPrintable(char) ? `${point} '${char}'` : point;
}

const checkDryRun = (dryRun: readonly string[]): FieldError[] =>
  dryRun.every((each) => each === "All") ? [] : [field.notSupported("dryRun", dryRun, ["All"])];

/** From the body when there is one, else from the query. */
export function deleteOptions(context: RequestContext): Partial<DeleteOptions> {
  const { body } = context.request;
  const options =
    body === undefined || (body instanceof Uint8Array && body.length === 0)
      ? fromQuery(context)
      : fromBody(context, body);
  checkDeleteOptions(options);
  return options;
}

/** Throws StatusError 422. */
export function checkDeleteOptions(options: Partial<DeleteOptions>): void {
  const found = checkDryRun(options.dryRun ?? []);
  const { orphanDependents, propagationPolicy } = options;
  if (orphanDependents !== undefined && propagationPolicy !== undefined)
    found.unshift(
      field.invalid(
        "propagationPolicy",
        propagationPolicy,
        "orphanDependents and deletionPropagation cannot be both set",
      ),
    );
  if (propagationPolicy !== undefined && !["Foreground", "Background", "Orphan"].includes(propagationPolicy))
    found.unshift(
      field.notSupported("propagationPolicy", propagationPolicy, ["Foreground", "Background", "Orphan", "nil"]),
    );
  if (found.length > 0) throw invalid({ group: metaGroup, kind: "DeleteOptions" }, "", found);
}

function fromQuery({ query }: RequestContext): Partial<DeleteOptions> {
  const grace = int64Of(query, "gracePeriodSeconds");
  const policy = query.get("propagationPolicy");
  const uid = query.get("uid");
  const resourceVersion = query.get("resourceVersion");
  const dryRun = query.getAll("dryRun");
  return {
    ...(grace === undefined ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(policy === null ? {} : { propagationPolicy: policy }),
    ...(query.has("orphanDependents") ? { orphanDependents: isTrue(query.get("orphanDependents")) } : {}),
    ...(dryRun.length > 0 ? { dryRun } : {}),
    ...(uid || resourceVersion
      ? { preconditions: { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) } }
      : {}),
  };
}

function fromBody(context: RequestContext, body: Uint8Array | object): Partial<DeleteOptions> {
  if (!(body instanceof Uint8Array)) return body as Partial<DeleteOptions>;
  const mediaType = bodyMediaType(context);
  const { object } = decodeObject(body, { mediaType, fieldValidation: "Ignore" });
  const { kind, apiVersion } = object as { kind?: unknown; apiVersion?: unknown };
  if (kind !== undefined && kind !== "" && kind !== "DeleteOptions")
    throw badRequest(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion ?? "")} in scheme "pkg/runtime/scheme.go:111"`,
    );
  const schemas = builtinSchemas();
  const schema = schemas.ofKind({ group: "", version: "v1", kind: "DeleteOptions" });
  if (schema === undefined) throw new Error("the schema of DeleteOptions is not among the built-in ones");
  if (mediaType === cborType)
    return decodeObject(body, { mediaType, fieldValidation: "Ignore", schema, schemas })
      .object as Partial<DeleteOptions>;
  return decodeValue(object, { fieldValidation: "Ignore", schema, schemas }).object as Partial<DeleteOptions>;
}
