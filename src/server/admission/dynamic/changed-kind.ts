// What a mutating webhook says the kind of its object is. Upstream: serializer/json decoding into a versioned object, then
// conversion to the kind of the request (webhook/mutating/dispatcher.go, apiextensions' conversion).
import {
  formatApiVersion,
  type GroupVersionKind,
  internalError,
  quoteGo,
  sortedCopy,
  toJson,
} from "../../../machinery/index.ts";
import type { Catalog } from "../../catalog.ts";
import { plainFailure } from "../../registry/read/get.ts";
import { isConnectKind } from "../../streaming/connect-options.ts";

const kindTypes: Readonly<Record<string, string>> = {
  number: "number",
  boolean: "bool",
};

function textOf(object: Readonly<Record<string, unknown>>, name: "kind" | "apiVersion"): string {
  const value = object[name];
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  const type = Array.isArray(value) ? "array" : (kindTypes[typeof value] ?? "object");
  throw internalError(
    `couldn't get version/kind; json parse error: json: cannot unmarshal ${type} into Go struct field .${name} of type string`,
  );
}

function groupVersionOf(apiVersion: string): { readonly group: string; readonly version: string } {
  const parts = apiVersion.split("/");
  if (parts.length > 2) throw internalError(`unexpected GroupVersion string: ${apiVersion}`);
  return parts.length === 2 ? { group: parts[0]!, version: parts[1]! } : { group: "", version: parts[0]! };
}

interface Changed {
  /** What the webhook was given. */
  readonly kind: GroupVersionKind;
  readonly object: Readonly<Record<string, unknown>>;
}

/** Of a built-in kind: what the object is to be read as. Throws when nothing is called so. */
export function changedKind({ kind, object }: Changed, catalog: Catalog): GroupVersionKind {
  const sentKind = textOf(object, "kind");
  const sent = groupVersionOf(textOf(object, "apiVersion"));
  const group = sent.group === "" && sent.version === "" ? kind.group : sent.group;
  const version = sent.version === "" && group === kind.group ? kind.version : sent.version;
  const found = { group, version, kind: sentKind === "" ? kind.kind : sentKind };
  if (found.group === kind.group && found.version === kind.version && found.kind === kind.kind) return found;
  if (!isKnown(found, catalog))
    throw internalError(
      `no kind ${quoteGo(found.kind)} is registered for version ${quoteGo(formatApiVersion(found))} in scheme "pkg/runtime/scheme.go:111"`,
    );
  return found;
}

const isKnown = (found: GroupVersionKind, catalog: Catalog): boolean =>
  catalog.all.some(
    ({ kind, custom }) =>
      custom === undefined &&
      kind.group === found.group &&
      kind.version === found.version &&
      (kind.kind === found.kind || `${kind.kind}List` === found.kind),
  ) ||
  catalog.all[0]?.schemas.ofKind(found) !== undefined ||
  isConnectKind(found);

/** Another version of a kind is converted; another kind is not. */
export function checkConvertible(found: GroupVersionKind, kind: GroupVersionKind): void {
  if (found.group === kind.group && found.kind === kind.kind) return;
  throw plainFailure(
    `converting (${found.version}.${found.kind}) to (${internalPackage(kind.group)}.${kind.kind}): unknown conversion`,
  );
}

const internalPackage = (group: string): string =>
  group === "" ? "core" : group === "internal.apiserver.k8s.io" ? "apiserverinternal" : group.split(".", 1)[0]!;

/** Of a custom kind: a served version of the same group. A kind of another name is refused by validation later. */
export function customVersion({ kind, object }: Changed, catalog: Catalog): GroupVersionKind {
  const sentKind = textOf(object, "kind");
  const apiVersion = textOf(object, "apiVersion");
  const { group, version } = groupVersionOf(apiVersion);
  if (sentKind === "") throw internalError(`Object 'Kind' is missing in '${toJson(sortedCopy(object))}'`);
  if (group === kind.group && version === kind.version) return kind;
  if (group !== kind.group) {
    const shown = apiVersion === "" ? "/" : apiVersion;
    throw plainFailure(
      `${shown}, Kind=${sentKind} is unstructured and is not suitable for converting to ${quoteGo(formatApiVersion(kind))}`,
    );
  }
  const isServed = catalog.all.some(
    (each) => each.custom !== undefined && each.kind.group === group && each.kind.version === version,
  );
  if (!isServed) throw plainFailure(`request to convert CR from an invalid group/version: ${apiVersion}`);
  return { ...kind, version };
}
