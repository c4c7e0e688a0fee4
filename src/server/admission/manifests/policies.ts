// Policies and their bindings from files: they know nothing of the cluster's objects, so they have no parameters.
// Upstream: apiserver's plugin/policy/manifest/loader.
import type { KindDefinition } from "../../../api/index.ts";
import { type KubeObject, quoteGo } from "../../../machinery/index.ts";
import type { AdmissionHost } from "../../contract.ts";
import type { BindingObject, PolicyObject } from "../policies/source.ts";
import { openConfigured, policyDocuments } from "./configuration.ts";
import type { ManifestPlan } from "./load.ts";
import { createStaticManifests, type StaticManifests } from "./source.ts";

interface PolicyKinds<P extends PolicyObject, B extends BindingObject> {
  readonly plugin: string;
  readonly policies: KindDefinition<P>;
  readonly bindings: KindDefinition<B>;
}

/** Undefined when the plugin's configuration names no directory. Throws Error for one that cannot be used. */
export function staticPolicies<P extends PolicyObject, B extends BindingObject>(
  host: AdmissionHost,
  { plugin, policies, bindings }: PolicyKinds<P, B>,
): StaticManifests | undefined {
  const opened = openConfigured(host, { plugin, documents: policyDocuments(plugin) });
  if (opened === undefined) return undefined;
  const plan: ManifestPlan = {
    kinds: [policies, bindings],
    judge: (object) => (object.kind === policies.kind ? judgePolicy(object) : judgeBinding(object)),
    judgeAll(of) {
      const names = new Set(of(policies).map(({ metadata }) => metadata.name));
      for (const { metadata, spec } of of(bindings))
        if (!names.has(spec?.policyName ?? ""))
          throw new Error(
            `binding ${quoteGo(metadata.name)} references policy ${quoteGo(spec?.policyName ?? "")} which does not exist in the manifest directory`,
          );
    },
  };
  return createStaticManifests(host, { plugin, what: "policy", ...opened, plan });
}

const isThere = (value: unknown): boolean => value !== undefined && value !== null;

function judgePolicy({ kind, metadata, spec }: KubeObject & PolicyObject): void {
  if (isThere(spec?.paramKind))
    throw new Error(`${kind} ${quoteGo(metadata.name)}: spec.paramKind is not supported for static manifests`);
}

function judgeBinding({ metadata, spec }: KubeObject & BindingObject): void {
  const binding = `binding ${quoteGo(metadata.name)}`;
  const policyName = spec?.policyName ?? "";
  if (policyName === "") throw new Error(`${binding} must reference a policy (spec.policyName)`);
  if (!policyName.endsWith(".static.k8s.io"))
    throw new Error(`${binding}: spec.policyName ${quoteGo(policyName)} must end with ".static.k8s.io"`);
  if (isThere(spec?.paramRef)) throw new Error(`${binding}: spec.paramRef is not supported for static manifests`);
}
