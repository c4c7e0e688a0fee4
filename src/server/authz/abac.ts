// Policies from a file, one JSON object a line. Upstream: pkg/auth/authorizer/abac, pkg/apis/abac (v1beta1, and v0 without a version).
import { errorText } from "../../base/index.ts";
import { isObject, quoteGo } from "../../machinery/index.ts";
import { documentOf } from "../config/decode.ts";
import type { AccessAttributes, AccessRules, Authorizer } from "../contract.ts";

export interface AbacPolicy {
  readonly user: string;
  readonly group: string;
  readonly readonly: boolean;
  readonly apiGroup: string;
  readonly resource: string;
  readonly namespace: string;
  readonly nonResourcePath: string;
}

export interface AbacPolicies {
  readonly policies: readonly AbacPolicy[];
  /** Lines of the form before there were versions. */
  readonly unversioned: number;
}

const allAuthenticated = "system:authenticated";
const version = "abac.authorization.kubernetes.io/v1beta1";
type Fields = Readonly<Record<string, unknown>>;

/** Throws Error that names the line with what is wrong with it. */
export function parseAbacPolicies(text: string, path: string): AbacPolicies {
  const policies: AbacPolicy[] = [];
  let unversioned = 0;
  for (const [index, line] of text.split("\n").entries()) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    try {
      const { apiVersion, kind, fields } = documentOf(line);
      const isVersioned = apiVersion === version && kind === "Policy";
      if (!isVersioned && !(apiVersion === "" && ["", "Policy"].includes(kind)))
        throw new Error(
          `no kind ${quoteGo(kind)} is registered for version ${quoteGo(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`,
        );
      if (!isVersioned) unversioned++;
      policies.push(isVersioned ? versionedPolicy(fields) : unversionedPolicy(fields));
    } catch (error) {
      throw new Error(
        `error reading policy file ${path}, line ${index + 1}: ${line.replace(/\r$/, "")}: ${errorText(error)}`,
        {
          cause: error,
        },
      );
    }
  }
  return { policies, unversioned };
}

/** Texts, and whether only reading is allowed. Throws Error for values of other types. */
function policyFields(fields: Fields, where: "PolicySpec.spec" | "Policy"): AbacPolicy {
  const text = (name: string): string => {
    const value = fields[name] ?? "";
    if (typeof value === "string") return value;
    throw new Error(`json: cannot unmarshal ${goName(value)} into Go struct field ${where}.${name} of type string`);
  };
  const readonly = fields["readonly"] ?? false;
  if (typeof readonly !== "boolean")
    throw new Error(`json: cannot unmarshal ${goName(readonly)} into Go struct field ${where}.readonly of type bool`);
  return {
    user: text("user"),
    group: text("group"),
    readonly,
    apiGroup: text("apiGroup"),
    resource: text("resource"),
    namespace: text("namespace"),
    nonResourcePath: text("nonResourcePath"),
  };
}

const goName = (value: unknown): string =>
  Array.isArray(value)
    ? "array"
    : typeof value === "boolean"
      ? "bool"
      : typeof value === "bigint"
        ? "number"
        : typeof value;

/** `*` for the user or the group is everybody who has proved who they are. */
const forEverybody = (policy: AbacPolicy): AbacPolicy =>
  policy.user === "*" || policy.group === "*" ? { ...policy, group: allAuthenticated, user: "" } : policy;

function versionedPolicy(fields: Fields): AbacPolicy {
  const spec = fields["spec"] ?? {};
  if (!isObject(spec))
    throw new Error(
      `json: cannot unmarshal ${goName(spec)} into Go struct field Policy.spec of type v1beta1.PolicySpec`,
    );
  return forEverybody(policyFields(spec, "PolicySpec.spec"));
}

function unversionedPolicy(fields: Fields): AbacPolicy {
  const { user, group, namespace, resource, readonly } = policyFields(fields, "Policy");
  return forEverybody({
    user,
    group: user === "" && group === "" ? allAuthenticated : group,
    readonly,
    apiGroup: "*",
    resource: resource === "" ? "*" : resource,
    namespace: namespace === "" ? "*" : namespace,
    nonResourcePath: namespace === "" && resource === "" ? "*" : "",
  });
}

const reading = ["get", "list", "watch"];

export function abacAuthorizer(policies: readonly AbacPolicy[]): Authorizer {
  return {
    authorize: async (attributes) =>
      policies.some((policy) => allows(policy, attributes))
        ? { decision: "allow", reason: "" }
        : { decision: "noOpinion", reason: "No policy matched." },
    async rulesFor(user, namespace): Promise<AccessRules> {
      const mine = policies.filter(
        (policy) => isFor(policy, user) && (policy.namespace === "*" || policy.namespace === namespace),
      );
      const verbs = (policy: AbacPolicy): string[] => (policy.readonly ? [...reading] : ["*"]);
      return {
        resourceRules: mine
          .filter(({ resource }) => resource !== "")
          .map((policy) => ({ verbs: verbs(policy), apiGroups: [policy.apiGroup], resources: [policy.resource] })),
        nonResourceRules: mine
          .filter(({ nonResourcePath }) => nonResourcePath !== "")
          .map((policy) => ({ verbs: verbs(policy), nonResourceURLs: [policy.nonResourcePath] })),
        incomplete: false,
      };
    },
  };
}

function allows(policy: AbacPolicy, attributes: AccessAttributes): boolean {
  if (!isFor(policy, attributes.user)) return false;
  if (policy.readonly && !reading.includes(attributes.verb)) return false;
  return attributes.resourceRequest ? coversResource(policy, attributes) : coversPath(policy, attributes.path);
}

function isFor({ user, group }: AbacPolicy, who: AccessAttributes["user"]): boolean {
  if (user === "" && group === "") return false;
  const fits = (wanted: string, has: () => boolean): boolean => wanted === "" || wanted === "*" || has();
  return fits(user, () => user === who.username) && fits(group, () => who.groups.includes(group));
}

function coversResource(policy: AbacPolicy, { namespace, resource, group }: AccessAttributes): boolean {
  const fits = (wanted: string, asked: string): boolean => wanted === "*" || wanted === asked;
  return fits(policy.namespace, namespace) && fits(policy.resource, resource) && fits(policy.apiGroup, group);
}

const coversPath = ({ nonResourcePath: wanted }: AbacPolicy, path: string): boolean =>
  wanted === "*" || wanted === path || (wanted.endsWith("*") && path.startsWith(wanted.replace(/\*+$/, "")));
