// One version of a custom resource: what the server needs to serve it, worked out once from its definition.
// Upstream: apiextensions-apiserver pkg/apiserver/customresource_handler.go, pkg/registry/customresource.
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
} from "../../../../facts/types/apiextensions.v1.ts";
import { asFields, deepClone, type KubeObject, type Schema } from "../../../machinery/index.ts";
import { allVerbs, type KindDefinition, type ServeRules, type SubresourceDefinition } from "../../kind.ts";
import { coerceResource, isCoerced } from "./coercion.ts";
import { customColumns, selectableValue } from "./columns.ts";
import { compactResource } from "./compact-schema.ts";
import { compileJsonPath } from "./jsonpath.ts";
import { fillDefaults } from "./pruning.ts";
import { customRules } from "./rules.ts";
import type { JsonSchema } from "./schema.ts";

export interface CustomVersion {
  readonly kind: KindDefinition;
  readonly listKind: string;
  readonly rules: ServeRules;
  /** For tracking and applying fields. */
  readonly compact: Schema;
  readonly schema: JsonSchema | undefined;
  /** Texts for the `Warning` headers of every use. */
  readonly warnings: readonly string[];
  /**
   * Brings a body or a stored object of this version into its form, in place, and returns the paths of unknown fields.
   * Throws CoercionError.
   */
  readonly coerce: (draft: Record<string, unknown>, options: { readonly dropInvalid: boolean }) => readonly string[];
  /** True of most objects for which `coerce` would do nothing. */
  readonly isCoerced: (object: KubeObject) => boolean;
}

export interface CustomKind {
  readonly definition: CustomResourceDefinition;
  /** Every version, served or not, by name. */
  readonly versions: ReadonlyMap<string, CustomVersion>;
  readonly storage: CustomVersion;
}

const scaleKind = { group: "autoscaling", version: "v1", kind: "Scale" };
const changing = ["get", "patch", "update"] as const;

/** Throws when the definition has no storage version; validation sees to it that it has. */
export function compileCustomKind(definition: CustomResourceDefinition): CustomKind {
  const versions = new Map<string, CustomVersion>();
  for (const version of definition.spec.versions) versions.set(version.name, compileVersion(definition, version));
  const stored = definition.spec.versions.find((version) => version.storage);
  if (stored === undefined) throw new Error(`${definition.metadata.name} has no storage version`);
  return { definition, versions, storage: versions.get(stored.name)! };
}

function compileVersion(definition: CustomResourceDefinition, version: CustomResourceDefinitionVersion): CustomVersion {
  const { spec } = definition;
  const names = definition.status?.acceptedNames ?? spec.names;
  const schema = version.schema?.openAPIV3Schema as JsonSchema | undefined;
  const { status, scale } = version.subresources ?? {};
  const subresources: SubresourceDefinition[] = [
    ...(status === undefined ? [] : [{ name: "status", verbs: changing }]),
    ...(scale === undefined ? [] : [{ name: "scale", kind: scaleKind, verbs: changing }]),
  ];
  const kind: KindDefinition = {
    group: spec.group,
    version: version.name,
    kind: names.kind,
    resource: names.plural,
    singular: names.singular ?? "",
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: spec.scope === "Namespaced",
    verbs: allVerbs,
    subresources,
    columns: customColumns(version.additionalPrinterColumns),
    selectableFields: selectable(version),
    storageName: `${spec.group}/${names.plural}`,
  };
  const identity = { group: spec.group, version: version.name, kind: names.kind };
  const preserves = spec.preserveUnknownFields === true;
  return {
    kind,
    listKind: names.listKind ?? `${names.kind}List`,
    rules: customRules({
      identity,
      schema,
      ...(status === undefined ? {} : { status: true }),
      ...(scale === undefined ? {} : { scale }),
    }),
    compact: compactResource(preserves ? undefined : schema),
    schema,
    warnings: deprecationOf(definition, version),
    coerce: (draft, options) => coerceResource(draft, { identity, schema, preserves, ...options }),
    isCoerced: (object) => isCoerced(object, { identity, schema, preserves }),
  };
}

function selectable(version: CustomResourceDefinitionVersion): Record<string, (object: KubeObject) => string> {
  const fields: Record<string, (object: KubeObject) => string> = {};
  for (const { jsonPath } of version.selectableFields ?? []) {
    const path = compileJsonPath(jsonPath);
    fields[jsonPath.replace(/^\./, "")] = (object) => selectableValue(path, object);
  }
  return fields;
}

function deprecationOf(definition: CustomResourceDefinition, version: CustomResourceDefinitionVersion): string[] {
  if (version.deprecated !== true) return [];
  if (version.deprecationWarning !== undefined) return [version.deprecationWarning];
  const { group, names, versions } = definition.spec;
  const text = `${group}/${version.name} ${names.kind} is deprecated`;
  const [newest] = versions
    .filter((each) => each.served && each.deprecated !== true && compareVersions(version.name, each.name) < 0)
    .map((each) => each.name)
    .sort((a, b) => compareVersions(b, a));
  return [newest === undefined ? text : `${text}; use ${group}/${newest} ${names.kind}`];
}

/** v2 > v1 > v1beta2 > v1alpha1 > anything else, which is in reverse order of the alphabet. Upstream: apimachinery version. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [versionParts(a), versionParts(b)];
  if (left === undefined && right === undefined) return a === b ? 0 : a < b ? 1 : -1;
  if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
  for (const [index, part] of left.entries()) if (part !== right[index]) return part - right[index]!;
  return 0;
}

function versionParts(name: string): readonly number[] | undefined {
  const parts = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/.exec(name);
  if (parts === null) return undefined;
  return [parts[2] === undefined ? 2 : parts[2] === "beta" ? 1 : 0, Number(parts[1]), Number(parts[3] ?? 0)];
}

/** An object of another version as this one, without a webhook: only the version changes. */
export function relabel(object: KubeObject, to: CustomVersion): KubeObject {
  return { ...object, apiVersion: `${to.kind.group}/${to.kind.version}` };
}

/**
 * A stored object as who reads gets it: its form, then defaults. Very many defaults, which a definition may have got after the
 * object was made, are left out: such an object is read as it is stored, so that it can be made smaller or deleted.
 */
export function readStored(object: KubeObject, version: CustomVersion): KubeObject {
  const filled = inForm(object, version);
  return fillDefaults(filled, version.schema) ? filled : inForm(object, version);
}

function inForm(object: KubeObject, version: CustomVersion): KubeObject {
  const copy = deepClone(object);
  version.coerce(asFields(copy), { dropInvalid: true });
  const metadata = copy.metadata as { generation?: number } | undefined;
  if (metadata !== undefined && !metadata.generation) metadata.generation = 1;
  return copy;
}
