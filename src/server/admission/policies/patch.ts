// One mutation: its expression evaluated, and what came out applied to the object.
// Upstream: admission/plugin/policy/mutating/patch/{json_patch,smd}.go.
import {
  applyJsonPatch,
  decodeValue,
  formatApiVersion,
  internalError,
  type JsonPatchOperation,
  type KubeObject,
  MergeConfigurationError,
  mergeConfiguration,
  StatusError,
  serviceUnavailable,
} from "../../../machinery/index.ts";
import type { ServedResource } from "../../catalog.ts";
import type { AdmissionHost } from "../../contract.ts";
import { bindingsOf } from "../dynamic/bindings.ts";
import { type Cel, loadCel, type NamedExpression } from "../dynamic/cel.ts";
import { withDecisions } from "../dynamic/decisions.ts";
import type { CompiledMutation } from "./compiled.ts";
import type { EvaluationContext } from "./evaluate.ts";

/** The mutation can not be carried out; the message is what the client reads. */
export class MutationError extends Error {
  override readonly name = "MutationError";
}

export interface Mutating {
  readonly mutation: CompiledMutation;
  readonly variables: readonly NamedExpression[];
  readonly context: EvaluationContext;
}

/** The new object; undefined when it stays as it is. Throws MutationError. */
export async function mutate(host: AdmissionHost, mutating: Mutating): Promise<Record<string, unknown> | undefined> {
  const { mutation, context } = mutating;
  const object = context.objects.object as Record<string, unknown> & KubeObject;
  const resource = resourceOf(host, context);
  if (mutation.expression.compiled.error !== undefined)
    throw new MutationError(mutation.expression.compiled.error.detail);
  const cel = await loadCel();
  const value = await evaluate(cel, host, mutating);
  return mutation.patchType === "JSONPatch"
    ? patched(object, operationsOf(cel, value), resource)
    : merged(object, configurationOf(cel, value), resource);
}

function resourceOf(
  { catalog }: AdmissionHost,
  { match }: EvaluationContext,
): Pick<ServedResource, "schema" | "schemas" | "custom"> {
  const { group, version, kind } = match.kind;
  const found = catalog.all.find(
    ({ kind: each }) => each.group === group && each.version === version && each.kind === kind,
  );
  if (found !== undefined) return found;
  const schemas = catalog.all[0]?.schemas;
  const schema = schemas?.ofKind(match.kind);
  if (schemas !== undefined && schema !== undefined) return { schema, schemas };
  throw serviceUnavailable(
    `Resource kind ${formatApiVersion(match.kind)}, Kind=${kind} not found. There can be a delay between when CustomResourceDefinitions are created and when they are available.`,
  );
}

type Value = import("../../../machinery/cel/admission/index.ts").Value;

async function evaluate(cel: Cel, host: AdmissionHost, { mutation, variables, context }: Mutating): Promise<Value> {
  const { attributes, match, objects, param, namespace } = context;
  const result = await withDecisions(attributes, host.authorizer, (authorizer) => {
    const bindings = bindingsOf({
      attributes,
      match,
      objects,
      authorizer,
      ...(param === undefined ? {} : { params: param }),
      ...(namespace === undefined ? {} : { namespace }),
    });
    const pass = cel.createPass({ bindings, variables, budget: cel.runtimeCostBudget });
    try {
      return pass.evaluate(mutation.expression);
    } catch (error) {
      if (error instanceof cel.OutOfBudget) return { error: error.message };
      throw error;
    }
  });
  if (result.error !== undefined) throw new MutationError(result.error);
  return result.value;
}

function checkTypes(cel: Cel, value: Value): void {
  const misplaced = cel.misplacedTypes(value);
  if (misplaced.length > 0) throw new MutationError(`type mismatch: ${misplaced.join("\n")}`);
}

function configurationOf(cel: Cel, value: Value): Record<string, unknown> {
  checkTypes(cel, value);
  return cel.jsonOf(value) as Record<string, unknown>;
}

function merged(
  object: Record<string, unknown>,
  configuration: Record<string, unknown>,
  { schema, schemas }: Pick<ServedResource, "schema" | "schemas">,
): Record<string, unknown> {
  const { apiVersion, kind } = object;
  try {
    return mergeConfiguration(object, { ...configuration, apiVersion, kind }, { schema, schemas });
  } catch (error) {
    if (error instanceof MergeConfigurationError) throw new MutationError(`error applying patch: ${error.message}`);
    throw error;
  }
}

function operationsOf(cel: Cel, value: Value): JsonPatchOperation[] {
  if (!(value instanceof cel.CelList))
    throw new MutationError("type mismatch: JSONPatchType.expression should evaluate to array");
  return Array.from(value, (each) => operationOf(cel, each));
}

function operationOf(cel: Cel, value: unknown): JsonPatchOperation {
  if (!(value instanceof cel.BuiltObject))
    throw new MutationError("type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch");
  const text = (name: string): string => (value.fields.get(name) as string | undefined) ?? "";
  const own = value.fields.get("value");
  const operation = { op: text("op"), path: text("path"), ...(text("from") === "" ? {} : { from: text("from") }) };
  if (own === undefined) return operation as JsonPatchOperation;
  if (own instanceof cel.BuiltObject) checkTypes(cel, own);
  try {
    return { ...operation, value: cel.jsonOf(own) } as JsonPatchOperation;
  } catch (error) {
    if (error instanceof cel.NoJsonError)
      throw new MutationError(
        `JSONPath valueExpression evaluated to a type that could not marshal to JSON: ${error.message}`,
      );
    throw error;
  }
}

/** A failed `test` means that there is nothing to do. */
function patched(
  object: KubeObject,
  operations: readonly JsonPatchOperation[],
  { schema, schemas, custom }: Pick<ServedResource, "schema" | "schemas" | "custom">,
): Record<string, unknown> | undefined {
  let document: Record<string, unknown>;
  try {
    document = applyJsonPatch(object, operations) as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof StatusError && error.cause instanceof Error)) throw error;
    if (error.cause.message.endsWith(": test failed")) return undefined;
    throw new MutationError(`JSON Patch: ${error.cause.message}`);
  }
  if (custom === undefined && schema !== undefined) checkFields(document, { schema, schemas });
  return document;
}

/** Fields that the kind does not have are an error here, whatever the client wants done with its own. */
function checkFields(
  document: Record<string, unknown>,
  types: { schema: NonNullable<ServedResource["schema"]>; schemas: ServedResource["schemas"] },
): void {
  try {
    decodeValue(document, { ...types, fieldValidation: "Strict" });
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    const at = error.message.indexOf("strict decoding error");
    throw internalError(at < 0 ? error.message : error.message.slice(at));
  }
}
