// The rules by which a version of a custom resource is served. Upstream: pkg/registry/customresource.
import {
  badRequest,
  deepClone,
  type FieldError,
  field,
  formatApiVersion,
  type GroupVersionKind,
  goText,
  internalError,
  isObject,
  type KubeObject,
  setOwn,
} from "../../../machinery/index.ts";
import type { ServeRules } from "../../kind.ts";
import { finalizerWarnings } from "./finalizers.ts";
import { validateLists } from "./list-types.ts";
import { validateEmbedded } from "./object-meta.ts";
import { applyDefaults } from "./pruning.ts";
import { type JsonSchema, propertyOf, someSchema } from "./schema.ts";
import { Correlated } from "./values/correlation.ts";
import { validateChange, validateValue } from "./values/validate.ts";

export interface ScalePaths {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  readonly labelSelectorPath?: string;
}

export interface RulesOf {
  readonly identity: GroupVersionKind;
  readonly schema: JsonSchema | undefined;
  /** `/status` is served. */
  readonly status?: true;
  readonly scale?: ScalePaths;
}

type Custom = KubeObject & Record<string, unknown>;
/** Without a schema everything is fine. */
const anything: JsonSchema = {};

type Expressions = typeof import("./expressions.ts");

/** Expressions are loaded with the first object of a kind that has any. */
function expressionsOf(schema: JsonSchema | undefined): {
  readonly ready?: () => Promise<void>;
  readonly check: Expressions["ruleFindings"];
} {
  const hasRules = someSchema(schema, (each) => (each["x-kubernetes-validations"]?.length ?? 0) > 0);
  if (!hasRules) return { check: () => [] };
  let loaded: Expressions | undefined;
  return {
    ready: async () => {
      loaded ??= await import("./expressions.ts");
    },
    check: (...args) => {
      if (loaded === undefined) throw new Error("rules of a custom resource are used before they are ready");
      return loaded.ruleFindings(...args);
    },
  };
}

export function customRules(of: RulesOf): ServeRules {
  const { identity, scale } = of;
  const schema = of.schema ?? anything;
  const expressions = expressionsOf(of.schema);
  const typeMeta = (object: KubeObject): FieldError[] => typeMetaFindings(object, identity);
  return {
    default: (draft) => {
      if (draft.kind === identity.kind && draft.apiVersion === formatApiVersion(identity))
        applyDefaults(draft, of.schema, { characters: 0 });
    },
    generation: withoutMetadata,
    unconditionalUpdate: false,
    anyFinalizers: true,
    validateOnUpdate: false,
    warnings: finalizerWarnings,
    ...(expressions.ready === undefined ? {} : { ready: expressions.ready }),
    typeMeta,
    validate: (object, { timed }) => {
      const wrong = typeMeta(object);
      const found = [
        ...(wrong.length > 0
          ? wrong
          : [...validateValue(object, schema), ...scaleFindings(object as Custom, scale, "both")]),
        ...validateEmbedded(object, of.schema),
        ...validateLists(object, of.schema),
      ];
      return [
        ...found,
        ...expressions.check(
          schema,
          { value: object, timed },
          wrong.length > 0 ? found : [...nameFindings(object), ...found],
        ),
      ];
    },
    validateUpdate: (object, old, { warn, timed }) => {
      const wrong = typeMeta(object);
      const correlated = new Correlated(object, old, schema);
      const found = [
        ...(wrong.length > 0
          ? wrong
          : [
              ...validateChange(schema, { value: object, old, correlated }),
              ...scaleFindings(object as Custom, scale, "both"),
            ]),
        ...validateEmbedded(object, of.schema),
        ...(validateLists(old, of.schema).length === 0 ? validateLists(object, of.schema) : []),
      ];
      return [...found, ...expressions.check(schema, { value: object, old, correlated, warn, timed }, found)];
    },
    resetFields: { ...(of.status === undefined ? {} : { "": ["status"] }), status: ["metadata", "spec"] },
    ...(of.status === undefined ? {} : { status: statusRules(of, typeMeta, expressions.check) }),
    ...(scale === undefined ? {} : { scale: scaleRules(scale) }),
  };
}

function statusRules(
  of: RulesOf,
  typeMeta: (object: KubeObject) => FieldError[],
  check: Expressions["ruleFindings"],
): NonNullable<ServeRules["status"]> {
  const schema = of.schema === undefined ? undefined : propertyOf(of.schema, "status");
  return {
    // Of the metadata a status update takes nothing but who manages what.
    prepareUpdate: (draft, old) => {
      const { managedFields } = draft.metadata;
      draft.metadata = deepClone(old.metadata);
      if (managedFields === undefined) delete draft.metadata.managedFields;
      else draft.metadata.managedFields = managedFields;
    },
    validateUpdate: (object, old, { warn, timed }) => {
      const wrong = typeMeta(object);
      if (wrong.length > 0) return wrong;
      const [status, before] = [(object as Custom)["status"], (old as Custom)["status"]];
      const whole = new Correlated(object, old, of.schema ?? anything);
      const lists = validateLists(object, of.schema);
      const found = [
        ...(status === undefined || schema === undefined
          ? []
          : validateChange(
              schema,
              // A status that was not there before has nothing to be compared with.
              {
                value: status,
                old: before,
                correlated: whole.key("status") ?? new Correlated(status, undefined, schema),
              },
              "status",
            )),
        ...scaleFindings(object as Custom, of.scale, "status"),
        ...(lists.length > 0 && validateLists(old, of.schema).length === 0 ? lists : []),
      ];
      return [...found, ...check(of.schema ?? anything, { value: object, old, correlated: whole, warn, timed }, found)];
    },
  };
}

/** What the server says of metadata itself and what keeps expressions from being asked. */
const nameFindings = ({ metadata }: KubeObject): FieldError[] =>
  metadata.name ? [] : [field.required("metadata.name")];

function typeMetaFindings(object: KubeObject, identity: GroupVersionKind): FieldError[] {
  const found: FieldError[] = [];
  const apiVersion = formatApiVersion(identity);
  if (object.kind !== identity.kind) found.push(field.invalid("kind", object.kind, `must be ${identity.kind}`));
  if (object.apiVersion !== apiVersion)
    found.push(field.invalid("apiVersion", object.apiVersion, `must be ${apiVersion}`));
  return found;
}

function withoutMetadata(object: KubeObject): unknown {
  const { metadata: _, ...rest } = object;
  return rest;
}

const pathParts = (path: string): string[] => path.replace(/^\./, "").split(".");
const highestReplicas = 2147483647;

/** Go's accessor of a nested field: undefined when absent; throws with its text when something on the way is no object. */
function nested(object: Record<string, unknown>, path: string, type: "int64" | "string"): unknown {
  let value: unknown = object;
  const parts = pathParts(path);
  for (const [index, part] of parts.entries()) {
    if (value === null) return undefined;
    if (!isObject(value))
      throw new NestedError(
        `.${parts.slice(0, index + 1).join(".")} accessor error: ${goText(value)} is of the type ${goType(value)}, expected map[string]interface{}`,
      );
    if (!Object.hasOwn(value, part)) return undefined;
    value = value[part];
  }
  const fits = type === "string" ? typeof value === "string" : typeof value === "bigint" || Number.isSafeInteger(value);
  if (!fits)
    throw new NestedError(
      `.${parts.join(".")} accessor error: ${goText(value)} is of the type ${goType(value)}, expected ${type}`,
    );
  return value;
}

class NestedError extends Error {
  override readonly name = "NestedError";
}

const goType = (value: unknown): string => {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return "[]interface {}";
  if (typeof value === "object") return "map[string]interface {}";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "string") return "string";
  return typeof value === "bigint" || Number.isInteger(value) ? "int64" : "float64";
};

function scaleFindings(object: Custom, scale: ScalePaths | undefined, which: "both" | "status"): FieldError[] {
  if (scale === undefined) return [];
  const found: FieldError[] = [];
  const replicas = (path: string): void => {
    try {
      const value = Number(nested(object, path, "int64") ?? 0);
      if (value < 0) found.push(field.invalid(path, value, "should be a non-negative integer"));
      else if (value > highestReplicas)
        found.push(field.invalid(path, value, `should be less than or equal to ${highestReplicas}`));
    } catch (error) {
      if (!(error instanceof NestedError)) throw error;
      found.push(field.invalid(path, 0, error.message));
    }
  };
  if (which === "both") replicas(scale.specReplicasPath);
  replicas(scale.statusReplicasPath);
  if (scale.labelSelectorPath !== undefined && scale.labelSelectorPath !== "") {
    try {
      nested(object, scale.labelSelectorPath, "string");
    } catch (error) {
      if (!(error instanceof NestedError)) throw error;
      found.push(field.invalid(scale.labelSelectorPath, "", error.message));
    }
  }
  return found;
}

function scaleRules(scale: ScalePaths): NonNullable<ServeRules["scale"]> {
  const read = (object: KubeObject, path: string, type: "int64" | "string"): unknown => {
    try {
      return nested(object as Custom, path, type);
    } catch (error) {
      if (error instanceof NestedError) throw badRequest(error.message);
      throw error;
    }
  };
  return {
    path: pathParts(scale.specReplicasPath),
    read: (object) => ({
      replicas: Number(read(object, scale.specReplicasPath, "int64") ?? 0),
      statusReplicas: Number(read(object, scale.statusReplicasPath, "int64") ?? 0),
      selector: scale.labelSelectorPath ? String(read(object, scale.labelSelectorPath, "string") ?? "") : "",
    }),
    missing: (object) =>
      read(object, scale.specReplicasPath, "int64") === undefined
        ? internalError(`the spec replicas field "${scale.specReplicasPath}" does not exist`)
        : undefined,
    write: (draft, replicas) => {
      let target = draft as unknown as Record<string, unknown>;
      const parts = pathParts(scale.specReplicasPath);
      for (const part of parts.slice(0, -1)) {
        if (!isObject(target[part])) setOwn(target, part, {});
        target = target[part] as Record<string, unknown>;
      }
      setOwn(target, parts.at(-1)!, replicas);
    },
  };
}
