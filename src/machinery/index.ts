export * from "./apply/field-set.ts";
export * from "./apply/managed-fields.ts";
export * from "./apply/merge-configuration.ts";
export * from "./apply/scale-fields.ts";
export * from "./apply/server-side-apply.ts";

export { typeErrors } from "./apply/typed-merge.ts";
export { registerBuildInfo } from "./build-info.ts";
export { diagnoseCbor } from "./codec/cbor-diagnose.ts";
export { decodeCborMap } from "./codec/cbor-map.ts";
export { type ParsedCbor, parseCbor } from "./codec/cbor-read.ts";
export { CborError } from "./codec/cbor-wellformed.ts";
export { type CborTypes, encodeCbor, encodeCborEvent } from "./codec/cbor-write.ts";
export * from "./codec/codec.ts";
export {
  deepest,
  JsonNumber,
  JsonSyntaxError,
  mostValues,
  type ParsedJson,
  parseJson,
  plainCopy,
  scanJson,
  tooDeep,
} from "./codec/json-text.ts";
export { type ReadMeta, readObjectMeta } from "./codec/object-meta.ts";
export { goTypeError } from "./codec/read-context.ts";
export * from "./codec/yaml.ts";
export { hasEmpties, markEmpty, sentEmpty } from "./empties.ts";
export { deepClone, deepEqual, deepFreeze, identical, isObject, setFreezing, setOwn } from "./equal.ts";
export * from "./errors.ts";
export { formatGoDuration, parseGoDuration } from "./go-duration.ts";
export { goFloat, goJson, quoteGo, quoteGoList } from "./go-text.ts";
export * from "./int-or-string.ts";
export { kubernetesVersion, versionInfo } from "./kubernetes-version.ts";
export * from "./names.ts";
export * from "./net.ts";
export * from "./object.ts";
export { conversionFaults, wrapIntegers } from "./patch/from-unstructured.ts";
export * from "./patch/go-document.ts";
export * from "./patch/patch.ts";
export * from "./patch/patch-body.ts";
export { goText, plainError } from "./patch/strategic-lists.ts";
export { applyStrategicMergePatch, mergeStrategically } from "./patch/strategic-patch.ts";
export * from "./quantity.ts";
export * from "./schema.ts";
export * from "./selector/field-selector.ts";
export * from "./selector/selector.ts";
export { sorted, sortedCopy } from "./sorted.ts";
export * from "./time.ts";
export * from "./transport.ts";
