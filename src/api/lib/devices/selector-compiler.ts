// The CEL environment of device selectors: one variable, `device`, with the sizes that its parts can have at most.
// Upstream: k8s.io/dynamic-resource-allocation/cel. Loaded with the first object that may have a selector.
import {
  ANY,
  BINDINGS,
  BOOL,
  CelError,
  CelList,
  DYN,
  type Env,
  equal,
  type Library,
  mapOf,
  type Result,
  STRING,
  structType,
  type Value,
} from "../../../machinery/cel/index.ts";
import {
  type CostEstimator,
  compileIn,
  type DeclType,
  declTypeProvider,
  type Estimate,
  kubernetesEnvironment,
} from "../../../machinery/cel/kubernetes/index.ts";

const highestCost = 1_000_000;
const longestDomain = 63;
const longestIdentifier = 32;
const longestDriver = 63;
const longestAttribute = 64;
const mostEntries = 32;

/** Why an expression can not be taken. */
export type SelectorProblem = { readonly type: "invalid"; readonly text: string } | { readonly type: "costly" };

export interface SelectorFeatures {
  /** DRAConsumableCapacity: `device.allowMultipleAllocations`. */
  readonly consumableCapacity: boolean;
  /** DRAListTypeAttributes: attributes may be lists. */
  readonly listAttributes: boolean;
}

const sized = (celType: DeclType["celType"], maxElements: number): DeclType => ({
  celType,
  maxElements,
  minSerializedSize: 0,
});

const mapType = (keyType: DeclType, elemType: DeclType): DeclType => ({
  celType: mapOf(keyType.celType, elemType.celType),
  keyType,
  elemType,
  maxElements: mostEntries,
  minSerializedSize: 0,
});

interface DeviceType {
  readonly device: DeclType;
  readonly attribute: DeclType;
}

function deviceType({ consumableCapacity, listAttributes }: SelectorFeatures): DeviceType {
  const domain = sized(STRING, longestDomain);
  const identifier = sized(STRING, longestIdentifier);
  // Whether an attribute is a list is not known here: what holds for both is the longer of text and list.
  const attribute = sized(listAttributes ? DYN : ANY, longestAttribute);
  const quantity = sized(structType("kubernetes.Quantity"), 0);
  const fields = new Map<string, DeclType>([
    ["driver", sized(STRING, longestDriver)],
    ["attributes", mapType(domain, mapType(identifier, attribute))],
    ["capacity", mapType(domain, mapType(identifier, quantity))],
  ]);
  if (consumableCapacity) fields.set("allowMultipleAllocations", sized(BOOL, 1));
  const device: DeclType = {
    celType: structType("kubernetes.DRADevice"),
    fields,
    maxElements: 0,
    minSerializedSize: 0,
  };
  return { device, attribute };
}

const sizesOf =
  ({ device, attribute }: DeviceType): CostEstimator["size"] =>
  ({ path }): Estimate | undefined => {
    if (path === undefined || path.length === 0) return undefined;
    let type: DeclType | undefined = device;
    for (const step of path.steps.slice(1, path.length)) {
      if (step === "@items" || step === "@values") type = type.elemType;
      else if (step === "@keys") type = type.keyType;
      // Attributes are all of one size, whatever they are called.
      else type = type.fields?.get(step) ?? (type.elemType === attribute ? attribute : undefined);
      if (type === undefined) return undefined;
    }
    return { min: 0, max: type.maxElements };
  };

const includesId = "dra_includes_dyn_dyn";
const mostValues = 48;

/** Whether a list holds a value, or a value is the other one. */
function includes(target: Value, wanted: Value): Result {
  if (!(target instanceof CelList)) return equal(target, wanted) === true;
  let index = 0;
  for (const each of target) {
    if (index++ >= mostValues)
      return new CelError(`'includes' function cannot be applied to lists longer than ${mostValues} values`);
    if (!(each instanceof CelError) && equal(each, wanted) === true) return true;
  }
  return false;
}

const listAttributes: Library = {
  name: "dra.listAttributes",
  functions: [
    {
      name: "includes",
      overloads: [{ id: includesId, member: true, args: [DYN, DYN], result: BOOL, evaluate: includes }],
    },
  ],
};

const callCost: CostEstimator["call"] = ({ overloadId, target }) =>
  overloadId === includesId && target !== undefined ? { cost: { min: 0, max: mostValues } } : undefined;

const environments = new Map<string, { readonly env: Env; readonly sizes: CostEstimator["size"] }>();

function environmentOf(features: SelectorFeatures, stored: boolean) {
  const key = JSON.stringify([features, stored]);
  const known = environments.get(key);
  if (known !== undefined) return known;
  const type = deviceType(features);
  const env = kubernetesEnvironment(
    {
      // What was stored while the gate was on stays usable.
      libraries: features.listAttributes || stored ? [BINDINGS, listAttributes] : [BINDINGS],
      variables: [{ name: "device", type: type.device.celType }],
      provider: declTypeProvider(type.device),
    },
    { stored },
  );
  const made = { env, sizes: sizesOf(type) };
  environments.set(key, made);
  return made;
}

/** Undefined when the expression may be used. */
export function checkSelector(
  expression: string,
  { features, stored }: { readonly features: SelectorFeatures; readonly stored: boolean },
): SelectorProblem | undefined {
  const { env, sizes } = environmentOf(features, stored);
  const compiled = compileIn(env, expression);
  if (compiled.ast === undefined) return { type: "invalid", text: `compilation failed: ${compiled.error}` };
  const { outputType } = compiled.ast;
  const usable = outputType === BOOL || outputType === ANY || (features.listAttributes && outputType === DYN);
  if (!usable) return { type: "invalid", text: `must evaluate to bool or the unknown type, not ${outputType}` };
  return compiled.estimate(sizes, callCost).max > highestCost ? { type: "costly" } : undefined;
}
