// How the API server serves CSIDriver. Upstream: pkg/apis/storage/{v1/defaults.go,validation}, pkg/registry/storage/csidriver.
import type { CSIDriver, TokenRequest } from "../../../../facts/types/storage.v1.ts";
import { deepEqual, field } from "../../../machinery/index.ts";
import { defineRules, type RuleContext } from "../../kind.ts";
import {
  type Check,
  child,
  findings,
  immutable,
  item,
  oneOf,
  optional,
  required,
  worthChecking,
} from "../../lib/validate.ts";

type Spec = CSIDriver["spec"];

const shortestTokenSeconds = 600;
const longestTokenSeconds = 2 ** 32;

const tokenRequests: Check<readonly TokenRequest[] | undefined> = (list, at, found) => {
  const seen = new Set<string>();
  for (const [index, { audience = "", expirationSeconds }] of worthChecking(list ?? [], found)) {
    const path = item(at, index);
    if (seen.has(audience)) {
      found.push(field.duplicate(child(path, "audience"), audience));
      continue;
    }
    seen.add(audience);
    if (expirationSeconds === undefined) continue;
    const where = child(path, "expirationSeconds");
    if (expirationSeconds < shortestTokenSeconds)
      found.push(field.invalid(where, expirationSeconds, "may not specify a duration less than 10 minutes"));
    if (expirationSeconds > longestTokenSeconds)
      found.push(field.invalid(where, expirationSeconds, "may not specify a duration larger than 2^32 seconds"));
  }
};

/** Booleans that defaults have filled in; the first under the name that upstream prints. */
const switches = [
  ["attachRequired", "attachedRequired"],
  ["podInfoOnMount", "podInfoOnMount"],
  ["storageCapacity", "storageCapacity"],
] as const;

const spec: Check<Spec> = (value, at, found) => {
  for (const [name, printed] of switches)
    if (value[name] === undefined) required()(value[name], child(at, printed), found);
  const policies = oneOf("File", "None", "ReadWriteOnceWithFSType");
  optional(policies)(value.fsGroupPolicy, child(at, "fsGroupPolicy"), found);
  tokenRequests(value.tokenRequests, child(at, "tokenRequests"), found);
  for (const mode of value.volumeLifecycleModes ?? [])
    oneOf("Persistent", "Ephemeral")(mode, child(at, "volumeLifecycleModes"), found);
  if (value.seLinuxMount === undefined) found.push(field.required(child(at, "seLinuxMount")));
  const period = value.nodeAllocatableUpdatePeriodSeconds;
  if (period !== undefined && period < 10)
    found.push(
      field.invalid(
        child(at, "nodeAllocatableUpdatePeriodSeconds"),
        period,
        "must be greater than or equal to 10 seconds",
      ),
    );
  const inSecrets = value.serviceAccountTokenInSecrets;
  if (inSecrets !== undefined && !value.tokenRequests?.length)
    found.push(
      field.invalid(
        child(at, "serviceAccountTokenInSecrets"),
        inSecrets,
        "serviceAccountTokenInSecrets is set but no tokenRequests are specified",
      ),
    );
};

type Features = Pick<RuleContext, "featureEnabled">;

const guardGate = "VolumeLimitScaling";

function defaultSpec(own: { -readonly [K in keyof Spec]: Spec[K] }, features: Features | undefined): void {
  if (features?.featureEnabled(guardGate) === true) own.preventPodSchedulingIfMissing ??= false;
  own.attachRequired ??= true;
  own.podInfoOnMount ??= false;
  own.storageCapacity ??= false;
  own.fsGroupPolicy ??= "ReadWriteOnceWithFSType";
  if (!own.volumeLifecycleModes?.length) own.volumeLifecycleModes = ["Persistent"];
  own.requiresRepublish ??= false;
  own.seLinuxMount ??= false;
}

const dropSchedulingGuard = (driver: CSIDriver, { featureEnabled }: Features): void => {
  if (featureEnabled(guardGate)) return;
  const { preventPodSchedulingIfMissing: _, ...rest } = driver.spec;
  driver.spec = rest;
};

const secretsAdvice =
  "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes";

export const csiDriverRules = defineRules<CSIDriver>({
  default: (driver, features) => defaultSpec((driver.spec ??= {}), features),
  unconditionalUpdate: false,
  prepareCreate: dropSchedulingGuard,
  prepareUpdate: (driver, old, features) => {
    if (old.spec.preventPodSchedulingIfMissing === undefined) dropSchedulingGuard(driver, features);
    if (!deepEqual(driver.spec, old.spec)) driver.metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  validate: (driver) => findings(driver.spec, spec, "spec"),
  validateUpdate: ({ spec: own }, old) => [
    ...findings(own.attachRequired, immutable(old.spec.attachRequired), "spec.attachedRequired"),
    ...findings(own.volumeLifecycleModes, immutable(old.spec.volumeLifecycleModes), "spec.volumeLifecycleModes"),
  ],
  warnings: ({ spec: own }, old) =>
    own.tokenRequests?.length &&
    own.serviceAccountTokenInSecrets === undefined &&
    (old === undefined || !deepEqual(own.tokenRequests, old.spec.tokenRequests))
      ? [secretsAdvice]
      : [],
});
