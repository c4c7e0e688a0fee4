// The policies that are configured and bound, and which of them a request may concern. Both come from the watch cache the
// moment they are written; a request that no rule can match costs one look into a map.
// Upstream: admission/plugin/policy/generic/{policy_source,plugin}.go.
import type {
  KindDefinition,
  MatchResources,
  NamedRuleWithOperations,
  ParamKind,
  ParamRef,
} from "../../../api/index.ts";
import { type KubeObject, parseApiVersion } from "../../../machinery/index.ts";
import type { ServedResource } from "../../catalog.ts";
import type { AdmissionAttributes, AdmissionHost } from "../../contract.ts";
import { matchRules, type Request, requestOf, targetKey } from "../dynamic/rules.ts";
import { type CompiledSelectors, compileSelectors } from "../dynamic/selectors.ts";
import type { StaticManifests } from "../manifests/source.ts";

/** What both kinds of policies have. */
export interface PolicyObject extends KubeObject {
  readonly spec?: {
    readonly matchConstraints?: MatchResources;
    readonly paramKind?: ParamKind;
    readonly failurePolicy?: string;
  };
}

/** What both kinds of bindings have. */
export interface BindingObject extends KubeObject {
  readonly spec?: {
    readonly policyName?: string;
    readonly paramRef?: ParamRef;
    readonly matchResources?: MatchResources;
  };
}

export interface Constraints {
  readonly match: MatchResources;
  readonly selectors: CompiledSelectors;
}

export interface BoundPolicy<P, B> {
  readonly policy: P;
  readonly constraints: Constraints;
  readonly bindings: readonly { readonly binding: B; readonly constraints: Constraints | undefined }[];
}

/** A policy whose constraints may match, with what it needs of the server. */
export interface Candidate<P, B> extends BoundPolicy<P, B> {
  readonly request: Request;
  /** Where parameters are; undefined without paramKind, an Error text when there is no such kind. */
  readonly params: ServedResource | string | undefined;
}

export interface PolicySource<P, B> {
  /** In the order of names. */
  candidates(attributes: AdmissionAttributes): readonly Candidate<P, B>[];
  close(): void;
}

/** Policies of the cluster must not decide over policies; those that are files of the server may. */
const ofAdmission: ReadonlySet<string> = new Set([
  "admissionregistration.k8s.io/validatingadmissionpolicies",
  "admissionregistration.k8s.io/validatingadmissionpolicybindings",
  "admissionregistration.k8s.io/mutatingadmissionpolicies",
  "admissionregistration.k8s.io/mutatingadmissionpolicybindings",
]);

/** No policy decides over who may do what. */
const exempt: ReadonlySet<string> = new Set([
  "authentication.k8s.io/selfsubjectreviews",
  "authentication.k8s.io/tokenreviews",
  "authorization.k8s.io/localsubjectaccessreviews",
  "authorization.k8s.io/selfsubjectaccessreviews",
  "authorization.k8s.io/selfsubjectrulesreviews",
  "authorization.k8s.io/subjectaccessreviews",
]);

/** `manifests`: those that are files of the server; they come first. */
export function createPolicySource<P extends PolicyObject, B extends BindingObject>(
  host: AdmissionHost,
  kinds: { readonly policies: KindDefinition<P>; readonly bindings: KindDefinition<B> },
  manifests?: StaticManifests,
): PolicySource<P, B> {
  const policies = new Map<string, P>();
  const bindings = new Map<string, B>();
  const byTarget = new Map<string, readonly Candidate<P, B>[]>();
  let served = host.catalog.all;
  let bound: readonly BoundPolicy<P, B>[] | undefined;
  const changed = (): void => {
    bound = undefined;
    byTarget.clear();
  };
  const into = <T extends KubeObject>(map: Map<string, T>) => ({
    upsert(object: T): void {
      map.set(object.metadata.name, object);
      changed();
    },
    remove({ metadata }: T): void {
      map.delete(metadata.name);
      changed();
    },
  });
  let fixed: readonly BoundPolicy<P, B>[] = [];
  manifests?.subscribe(() => {
    fixed = bind(byName(manifests.of(kinds.policies)), byName(manifests.of(kinds.bindings)));
    changed();
  });
  const stops = [
    host.reader.subscribe(kinds.policies, into(policies)),
    host.reader.subscribe(kinds.bindings, into(bindings)),
  ];
  return {
    candidates(attributes) {
      const fromCluster = policies.size > 0 && bindings.size > 0;
      if (!fromCluster && fixed.length === 0) return [];
      const path = `${attributes.kind.group}/${attributes.kind.resource}`;
      if (exempt.has(path)) return [];
      if (served !== host.catalog.all) {
        served = host.catalog.all;
        byTarget.clear();
      }
      const key = targetKey(attributes);
      let found = byTarget.get(key);
      if (found === undefined) {
        bound ??= [...fixed, ...bind(policies, bindings)];
        found = candidatesFor(attributes, ofAdmission.has(path) ? fixed : bound, host);
        byTarget.set(key, found);
      }
      return found;
    },
    close() {
      for (const stop of stops) stop();
    },
  };
}

const byName = <T extends KubeObject>(objects: readonly T[]): ReadonlyMap<string, T> =>
  new Map(objects.map((object) => [object.metadata.name, object]));

const constraintsOf = (match: MatchResources | undefined): Constraints | undefined =>
  match === undefined || match === null ? undefined : { match, selectors: compileSelectors(match) };

function bind<P extends PolicyObject, B extends BindingObject>(
  policies: ReadonlyMap<string, P>,
  bindings: ReadonlyMap<string, B>,
): BoundPolicy<P, B>[] {
  const byPolicy = Map.groupBy(
    [...bindings.keys()].sort().map((name) => bindings.get(name)!),
    (binding) => binding.spec?.policyName ?? "",
  );
  const bound: BoundPolicy<P, B>[] = [];
  for (const name of [...byPolicy.keys()].sort()) {
    const policy = policies.get(name);
    const constraints = constraintsOf(policy?.spec?.matchConstraints);
    if (policy === undefined || constraints === undefined) continue;
    bound.push({
      policy,
      constraints,
      bindings: byPolicy.get(name)!.map((binding) => ({
        binding,
        constraints: constraintsOf(binding.spec?.matchResources),
      })),
    });
  }
  return bound;
}

function candidatesFor<P extends PolicyObject, B extends BindingObject>(
  attributes: AdmissionAttributes,
  bound: readonly BoundPolicy<P, B>[],
  host: AdmissionHost,
): readonly Candidate<P, B>[] {
  const request = requestOf(attributes, host.catalog);
  return bound
    .filter(({ constraints: { match } }) => mayMatch(match.resourceRules, request, match.matchPolicy))
    .map((each) => ({ ...each, request, params: paramResource(host, each.policy.spec?.paramKind) }));
}

/** Names are looked at with each request. */
const mayMatch = (
  rules: readonly NamedRuleWithOperations[] | undefined,
  request: Request,
  matchPolicy: string | undefined,
): boolean =>
  (rules ?? []).length === 0 || matchRules(rules, request, { equivalent: matchPolicy === "Equivalent" }) !== undefined;

function paramResource(
  { catalog }: AdmissionHost,
  paramKind: ParamKind | undefined,
): Candidate<never, never>["params"] {
  if (paramKind === undefined || paramKind === null) return undefined;
  const { apiVersion = "", kind = "" } = paramKind;
  const { group, version } = parseApiVersion(apiVersion);
  const found = catalog.all.find(
    (each) => each.kind.kind === kind && each.kind.group === group && each.kind.version === version,
  );
  return found ?? `failed to find resource referenced by paramKind: '${group}/${version}, Kind=${kind}'`;
}
