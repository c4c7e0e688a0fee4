// The types of `request`, `namespaceObject` and `variables`, as expressions of admission see them.
// Upstream: k8s.io/apiserver/pkg/admission/plugin/cel/compile.go (BuildRequestType, BuildNamespaceType), composition.go.
import type { TypeProvider } from "../contract.ts";
import { BOOL, type CelType, DYN, INT, listOf, mapOf, STRING, structType, TIMESTAMP } from "../types.ts";
import { CelError } from "../values.ts";
import { constructPatch, findPatchField, findPatchType } from "./patch-types.ts";

type Fields = Readonly<Record<string, CelType>>;

export const requestType = structType("kubernetes.AdmissionRequest");
export const namespaceType = structType("kubernetes.Namespace");
export const variablesType = structType("kubernetes.variables");

const groupVersionKind = structType("kubernetes.GroupVersionKind");
const groupVersionResource = structType("kubernetes.GroupVersionResource");
const userInfo = structType("kubernetes.UserInfo");
const metadata = structType("kubernetes.NamespaceMetadata");
const spec = structType("kubernetes.NamespaceSpec");
const status = structType("kubernetes.NamespaceStatus");
const condition = structType("kubernetes.NamespaceCondition");
const texts = listOf(STRING);

const types: Readonly<Record<string, Fields>> = {
  [groupVersionKind.name]: { group: STRING, version: STRING, kind: STRING },
  [groupVersionResource.name]: { group: STRING, version: STRING, resource: STRING },
  [userInfo.name]: { username: STRING, uid: STRING, groups: texts, extra: mapOf(STRING, texts) },
  [requestType.name]: {
    kind: groupVersionKind,
    resource: groupVersionResource,
    subResource: STRING,
    requestKind: groupVersionKind,
    requestResource: groupVersionResource,
    requestSubResource: STRING,
    name: STRING,
    // A reserved word of CEL: expressions write `request.namespace` all the same.
    __namespace__: STRING,
    operation: STRING,
    userInfo,
    dryRun: BOOL,
    options: DYN,
  },
  [spec.name]: { finalizers: texts },
  [condition.name]: { status: STRING, type: STRING, lastTransitionTime: TIMESTAMP, message: STRING, reason: STRING },
  [status.name]: { conditions: listOf(condition), phase: STRING },
  [metadata.name]: {
    name: STRING,
    generateName: STRING,
    __namespace__: STRING,
    labels: mapOf(STRING, STRING),
    annotations: mapOf(STRING, STRING),
    UID: STRING,
    creationTimestamp: TIMESTAMP,
    deletionGracePeriodSeconds: INT,
    deletionTimestamp: TIMESTAMP,
    generation: INT,
    resourceVersion: STRING,
    finalizers: texts,
  },
  [namespaceType.name]: { metadata, spec, status },
};

/** Knows the fixed types, the variables declared so far, and `Object` and `JSONPatch` where they may be built. */
export function admissionTypes(options: {
  readonly variables: ReadonlyMap<string, CelType>;
  readonly patchTypes: boolean;
}): TypeProvider {
  const { variables, patchTypes } = options;
  return {
    findType(name) {
      if (types[name] !== undefined || name === variablesType.name) return structType(name);
      return patchTypes ? findPatchType(name) : undefined;
    },
    findField(typeName, field) {
      if (typeName === variablesType.name) return variables.get(field);
      const fields = types[typeName];
      if (fields !== undefined) return fields[field] ?? fields[`__${field}__`];
      return patchTypes ? findPatchField(typeName, field) : undefined;
    },
    fieldNames: (typeName) => Object.keys(types[typeName] ?? {}),
    construct: (typeName, fields) =>
      patchTypes ? constructPatch(typeName, fields) : new CelError(`unknown type '${typeName}'`),
  };
}
