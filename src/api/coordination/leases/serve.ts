// How the API server serves Lease. Upstream: pkg/apis/coordination/validation, pkg/registry/coordination/lease.
import type { Lease } from "../../../../facts/types/coordination.v1.ts";
import { field, qualifiedName } from "../../../machinery/index.ts";
import { defineRules, type RuleContext } from "../../kind.ts";
import { type Check, child, findings, named, oneOf, optional } from "../../lib/validate.ts";

type Spec = NonNullable<Lease["spec"]>;
type Features = Pick<RuleContext, "featureEnabled">;

/** Kubernetes' own, or one with a domain. Upstream names the field twice. */
const strategy: Check<string> = (value, at, found) =>
  value.includes("/")
    ? named(qualifiedName)(value, child(at, "strategy"), found)
    : oneOf("OldestEmulationVersion")(value, child(at, "strategy"), found);

const spec: Check<Spec | undefined> = (value, at, found) => {
  const { leaseDurationSeconds: duration, leaseTransitions: transitions } = value ?? {};
  if (duration !== undefined && duration <= 0)
    found.push(field.invalid(child(at, "leaseDurationSeconds"), duration, "must be greater than 0"));
  if (transitions !== undefined && transitions < 0)
    found.push(field.invalid(child(at, "leaseTransitions"), transitions, "must be greater than or equal to 0"));
  optional(strategy)(value?.strategy, child(at, "strategy"), found);
  if (value?.preferredHolder && !value.strategy)
    found.push(field.forbidden(child(at, "preferredHolder"), "may only be specified if `strategy` is defined"));
};

/** Fields of coordinated leader election, unless its gate is on. */
function dropCoordination(lease: Lease, { featureEnabled }: Features, old?: Lease): void {
  if (featureEnabled("CoordinatedLeaderElection")) return;
  const own = { ...lease.spec } as { -readonly [K in keyof Spec]: Spec[K] };
  for (const name of ["strategy", "preferredHolder"] as const) if (old?.spec?.[name] === undefined) delete own[name];
  lease.spec = own;
}

export const leaseRules = defineRules<Lease>({
  default: (lease) => {
    lease.spec ??= {};
  },
  createOnUpdate: true,
  anyFinalizers: true,
  unconditionalUpdate: false,
  prepareCreate: (lease, features) => dropCoordination(lease, features),
  prepareUpdate: (lease, old, features) => dropCoordination(lease, features, old),
  validate: ({ spec: own }) => findings(own, spec, "spec"),
});
