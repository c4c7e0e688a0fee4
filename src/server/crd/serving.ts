// Custom kinds as served resources: stored objects in the form of each version, and back.
// Upstream: apiextensions-apiserver pkg/apiserver/customresource_handler.go.
import { type CustomKind, type CustomVersion, readStored, relabel } from "../../api/apiextensions/custom/serve.ts";
import {
  asFields,
  builtinSchemas,
  encodeJson,
  formatApiVersion,
  type KubeObject,
  parseApiVersion,
  sorted,
  sortedCopy,
  typeErrors,
} from "../../machinery/index.ts";
import type { CustomServing, ServedResource } from "../catalog.ts";
import { CachedObject } from "../watchcache/index.ts";
import type { Converter } from "./conversion.ts";

export interface ServingOf {
  readonly compiled: CustomKind;
  /** Objects that were written after this revision are in the form that the definition asks for now. */
  readonly cleanSince: number;
  readonly terminating: boolean;
  readonly established: boolean;
  /** How versions are made of one another, when a webhook does it. */
  readonly convert?: Converter;
}

/** One for each served version. */
export function servedResources(of: ServingOf): ServedResource[] {
  const { compiled } = of;
  const schemas = builtinSchemas();
  return compiled.definition.spec.versions.flatMap((each): ServedResource[] => {
    const version = compiled.versions.get(each.name);
    if (!each.served || version === undefined) return [];
    const { kind } = version;
    return [
      {
        kind,
        rules: version.rules,
        apiVersion: formatApiVersion(kind),
        groupResource: { group: kind.group, resource: kind.resource },
        schema: version.compact,
        schemas,
        hooks: undefined,
        stored: compiled.storage.kind,
        custom: customServing(version, of),
      },
    ];
  });
}

function customServing(version: CustomVersion, of: ServingOf): CustomServing {
  const { compiled, cleanSince, convert } = of;
  const { storage } = compiled;
  const made = new WeakMap<CachedObject, CachedObject>();
  return {
    listKind: version.listKind,
    warnings: version.warnings,
    terminating: of.terminating,
    established: of.established,
    openApi: version.schema,
    coerce: (draft) => version.coerce(draft, { dropInvalid: false }),
    served: (cached) => {
      if (version === storage && (cached.revision === 0 || cached.revision > cleanSince)) return cached;
      let served = made.get(cached);
      if (served === undefined) made.set(cached, (served = servedObject(cached, version, { compiled })));
      return served;
    },
    ...(convert === undefined ? {} : webhookParts(version, of, { made, convert })),
    comparable: (object, apiVersion) => {
      const other = compiled.versions.get(parseApiVersion(apiVersion).version);
      if (other === undefined) return true;
      return typeErrors(relabel(object, other), { schema: other.compact, schemas: builtinSchemas() }).length === 0;
    },
    toStored: (object) => customStored(object, version, storage),
  };
}

function webhookParts(
  version: CustomVersion,
  { compiled }: ServingOf,
  { made, convert }: { made: WeakMap<CachedObject, CachedObject>; convert: Converter },
): Pick<CustomServing, "convert" | "convertToStored"> {
  const { storage } = compiled;
  const apiVersion = formatApiVersion(version.kind);
  return {
    convert: async (cached) => {
      const wanted = cached.filter((each) => !made.has(each) && each.object.apiVersion !== apiVersion);
      if (wanted.length === 0) return;
      const written = wanted.map((each) => storedObject(each, compiled));
      const converted = await convert(written, apiVersion);
      for (const [index, each] of wanted.entries())
        made.set(each, servedObject(each, version, { compiled, converted: converted[index]! }));
    },
    convertToStored: async (object) => {
      if (version === storage) return customStored(object, version, storage);
      const [converted] = await convert([object], formatApiVersion(storage.kind));
      return customStored(converted!, storage, storage);
    },
  };
}

const storedObject = (cached: CachedObject, compiled: CustomKind): KubeObject =>
  readStored(cached.object, writtenAs(cached, compiled));

const writtenAs = (cached: CachedObject, compiled: CustomKind): CustomVersion =>
  compiled.versions.get(parseApiVersion(cached.object.apiVersion).version) ?? compiled.storage;

function customStored(object: KubeObject, version: CustomVersion, storage: CustomVersion): KubeObject {
  if (version === storage && storage.isCoerced(object)) return sorted(object) as KubeObject;
  const copy = sortedCopy(version === storage ? object : relabel(object, storage)) as KubeObject;
  storage.coerce(asFields(copy), { dropInvalid: false });
  // Whoever reads the storage version sees its defaults.
  if (version !== storage) storage.rules.default?.(copy);
  return copy;
}

/** Decoded as the version that it was written in, then shown as another. */
function servedObject(
  cached: CachedObject,
  version: CustomVersion,
  { compiled, converted }: { compiled: CustomKind; converted?: KubeObject },
): CachedObject {
  let object = converted ?? storedObject(cached, compiled);
  if (writtenAs(cached, compiled) !== version) {
    object = relabel(object, version);
    version.coerce(asFields(object), { dropInvalid: true });
  }
  const { kind, apiVersion, metadata, ...rest } = sortedCopy(object) as KubeObject;
  const { resourceVersion, ...others } = metadata;
  const shown = { kind, apiVersion, metadata: { resourceVersion, ...others }, ...rest } as KubeObject;
  const served = new CachedObject(cached.kind, {
    key: cached.key,
    revision: cached.revision,
    bytes: encodeJson(shown),
  });
  served.adopt(shown);
  return served;
}
