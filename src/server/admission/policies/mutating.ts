// Changes the object of a request as mutating policies say, one after another.
// Upstream: admission/plugin/policy/mutating/{dispatcher,reinvocationcontext}.go, generic/policy_dispatcher.go.
import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, Namespace } from "../../../api/index.ts";
import { deepClone, deepEqual, type KubeObject, StatusError } from "../../../machinery/index.ts";
import type { AdmissionAttributes, AdmissionHost } from "../../contract.ts";
import { evaluateConditions } from "../dynamic/conditions.ts";
import { countMutation } from "../dynamic/metrics.ts";
import { createReinvocations, type Reinvocations } from "../dynamic/reinvocations.ts";
import type { Match } from "../dynamic/rules.ts";
import { replaceDraft, versioned } from "../dynamic/versions.ts";
import { refuse } from "../framework.ts";
import { type CompiledMutatingPolicy, compiledMutating } from "./compiled.ts";
import { aggregate } from "./evaluate.ts";
import { matchConstraints } from "./matching.ts";
import { namespaceOf } from "./namespace.ts";
import { ConfigurationError, collectParams } from "./params.ts";
import { MutationError, mutate } from "./patch.ts";
import type { Candidate } from "./source.ts";

type MutatingCandidate = Candidate<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding>;

/** One policy by way of one binding with one parameter. */
interface Invocation {
  readonly policy: MutatingAdmissionPolicy;
  readonly binding: string;
  readonly match: Match;
  readonly param: KubeObject | undefined;
}

interface Failure {
  readonly policy: MutatingAdmissionPolicy;
  readonly binding?: string;
  readonly message: string;
  readonly invalid: boolean;
}

const valueName = "MutatingAdmissionPolicy";

export async function mutateByPolicies(
  host: AdmissionHost,
  attributes: AdmissionAttributes,
  candidates: readonly MutatingCandidate[],
): Promise<void> {
  const failures: Failure[] = [];
  const invocations: Invocation[] = [];
  for (const candidate of candidates)
    invocations.push(...(await invocationsOf(host, { attributes, candidate, failures })));
  if (invocations.length > 0) failures.push(...(await invokeAll(host, attributes, invocations)));
  const counted = failures.filter(({ policy }) => policy.spec.failurePolicy !== "Ignore");
  if (counted.length > 0) throw denied(attributes, counted);
}

function denied(attributes: AdmissionAttributes, failures: readonly Failure[]): StatusError {
  const { status } = refuse(attributes, "admission request denied by policy");
  const { apiVersion: _version, kind: _kind, metadata: _metadata, ...rest } = status;
  const causes = failures.map(({ policy, binding, message }) => ({
    message:
      binding === undefined
        ? `policy ${JSON.stringify(policy.metadata.name)} denied request: ${message}`
        : `policy '${policy.metadata.name}' with binding '${binding}' denied request: ${message}`,
  }));
  return new StatusError({
    ...rest,
    message: causes[0]!.message,
    ...(failures[0]!.invalid ? { reason: "Invalid" } : {}),
    details: { ...status.details, causes },
  } as ConstructorParameters<typeof StatusError>[0]);
}

interface Collecting {
  readonly attributes: AdmissionAttributes;
  readonly candidate: MutatingCandidate;
  readonly failures: Failure[];
}

async function invocationsOf(
  host: AdmissionHost,
  { attributes, candidate, failures }: Collecting,
): Promise<Invocation[]> {
  const { policy, bindings, constraints, request, params } = candidate;
  const misconfigured = (error: unknown, binding?: string): void => {
    if (!(error instanceof ConfigurationError || error instanceof StatusError)) throw error;
    failures.push({
      policy,
      ...(binding === undefined ? {} : { binding }),
      message: `failed to configure ${binding === undefined ? "policy" : "binding"}: ${error.message}`,
      invalid: false,
    });
  };
  let match: Match | undefined;
  try {
    match = await matchConstraints(host, constraints, { attributes, request });
    if (match === undefined) return [];
    if (typeof params === "string") throw new ConfigurationError(params);
  } catch (error) {
    misconfigured(error);
    return [];
  }
  const found: Invocation[] = [];
  for (const { binding, constraints: own } of bindings) {
    const name = binding.metadata.name;
    try {
      if (own !== undefined && (await matchConstraints(host, own, { attributes, request })) === undefined) continue;
      const { namespace } = attributes;
      const query = { resource: params, reference: binding.spec.paramRef, namespace };
      for (const param of await collectParams(host, query)) found.push({ policy, binding: name, match, param });
    } catch (error) {
      misconfigured(error, name);
    }
  }
  return found;
}

async function invokeAll(
  host: AdmissionHost,
  attributes: AdmissionAttributes,
  invocations: readonly Invocation[],
): Promise<Failure[]> {
  const { reinvocation } = attributes;
  const own = (reinvocation.values.get(valueName) as Reinvocations | undefined) ?? createReinvocations();
  reinvocation.values.set(valueName, own);
  if (reinvocation.again && own.changedSince(attributes.object)) own.requireAll();
  const failures: Failure[] = [];
  try {
    const namespace = await namespaceOf(attributes, host.reader);
    let patched = false;
    for (const invocation of invocations) {
      const compiled = await compiledMutating(invocation.policy);
      const did = await invokeOne(host, invocation, { attributes, own, namespace, failures, compiled });
      patched ||= did;
    }
    // The last one that is asked again after changes is so after its own.
    if (patched) {
      own.requireAll();
      reinvocation.request();
    }
  } finally {
    own.remember(attributes.object);
  }
  return failures;
}

interface Invoking {
  readonly attributes: AdmissionAttributes;
  readonly own: Reinvocations;
  readonly namespace: Namespace | undefined;
  readonly failures: Failure[];
  readonly compiled: CompiledMutatingPolicy;
}

/** Whether any of its mutations went well, were it without a change. */
async function invokeOne(host: AdmissionHost, invocation: Invocation, invoking: Invoking): Promise<boolean> {
  const { attributes, own } = invoking;
  const { policy, binding, param } = invocation;
  const { reinvocation } = attributes;
  if (!(await conditionsHold(host, invocation, invoking))) return false;
  const key = [policy.metadata.name, binding, param?.metadata.namespace ?? "", param?.metadata.name ?? ""].join("/");
  if (reinvocation.again && !own.required(key)) return false;
  const done = attributes.object === undefined ? undefined : await mutateObject(host, invocation, invoking);
  if (done?.changed === true) {
    own.requireAll();
    reinvocation.request();
  }
  if (policy.spec.reinvocationPolicy === "IfNeeded") own.invoked(key);
  return done?.patched === true;
}

async function conditionsHold(host: AdmissionHost, invocation: Invocation, invoking: Invoking): Promise<boolean> {
  const { attributes, compiled, failures } = invoking;
  const { policy, binding, match, param } = invocation;
  if (compiled.conditions.conditions.length === 0) return true;
  const { matches, errors } = await evaluateConditions(compiled.conditions, {
    attributes,
    match,
    objects: await versioned(attributes, match.kind, host.catalog),
    authorizer: host.authorizer,
    ...(param === undefined ? {} : { params: param }),
  });
  if (errors.length === 0) return matches;
  failures.push({ policy, binding, message: aggregate(errors), invalid: true });
  return false;
}

/** Whether the object is another one now, and whether a mutation went well. A mutation that fails leaves it as it is, and the next one is tried. */
async function mutateObject(
  host: AdmissionHost,
  invocation: Invocation,
  invoking: Invoking,
): Promise<{ readonly changed: boolean; readonly patched: boolean }> {
  const { attributes, compiled, namespace, failures } = invoking;
  const { policy, binding, match, param } = invocation;
  const before = deepClone(attributes.object);
  let patched = false;
  for (const mutation of compiled.mutations) {
    const beganMs = host.clock.monotonic();
    const count = (message: string): void =>
      countMutation(host, {
        policy: policy.metadata.name,
        binding,
        message,
        durationMs: host.clock.monotonic() - beganMs,
      });
    try {
      const objects = await versioned(attributes, match.kind, host.catalog);
      const context = { attributes, match, objects, param, namespace };
      const object = await mutate(host, { mutation, variables: compiled.variables, context });
      if (object !== undefined) await replaceDraft(attributes, { kind: match.kind, object }, host.catalog);
      patched = true;
      count("");
    } catch (error) {
      if (!(error instanceof MutationError)) throw error;
      count(error.message);
      failures.push({ policy, binding, message: error.message, invalid: true });
    }
  }
  return { changed: !deepEqual(before, attributes.object), patched };
}
