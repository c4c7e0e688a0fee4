// How the API server serves FlowSchema. Upstream: pkg/apis/flowcontrol/validation, pkg/registry/flowcontrol/flowschema.
import type {
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  Subject,
} from "../../../../facts/types/flowcontrol.v1.ts";
import { deepEqual, dns1123Label, field } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { flowConditions } from "../../lib/flow-rules.ts";
import { keepMetadata } from "../../lib/metadata.ts";
import {
  type Check,
  child,
  dnsLabel,
  dnsSubdomain,
  each,
  empty,
  findings,
  item,
  required,
  worthChecking,
} from "../../lib/validate.ts";

type Spec = FlowSchema["spec"];

const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];

const alone = (what: string): string => `if '*' is present, must not specify other ${what}`;

const verbList: Check<readonly string[] | undefined> = (list, at, found) => {
  const own = list ?? [];
  if (own.length === 0) found.push(field.required(at, "verbs must contain at least one value"));
  else if (own.includes("*")) {
    if (own.length > 1) found.push(field.invalid(at, own, alone("verbs")));
  } else if (!own.every((verb) => verbs.includes(verb))) found.push(field.notSupported(at, own, verbs));
};

/** `*` or a list that is not empty. */
const wildcardList =
  (missing: string, what: string): Check<readonly string[] | undefined> =>
  (list, at, found) => {
    const own = list ?? [];
    if (own.length === 0) found.push(field.required(at, missing));
    else if (own.length > 1 && own.includes("*")) found.push(field.invalid(at, own, alone(what)));
  };

const resourceRule: Check<ResourcePolicyRule> = (rule, at, found) => {
  verbList(rule.verbs, child(at, "verbs"), found);
  wildcardList("resource rules must supply at least one api group", "api groups")(
    rule.apiGroups,
    child(at, "apiGroups"),
    found,
  );
  wildcardList("resource rules must supply at least one resource", "resources")(
    rule.resources,
    child(at, "resources"),
    found,
  );
  const namespaces = rule.namespaces ?? [];
  const path = child(at, "namespaces");
  if (namespaces.length === 0 && !rule.clusterScope)
    found.push(field.required(path, "resource rules that are not cluster scoped must supply at least one namespace"));
  else if (namespaces.includes("*")) {
    if (namespaces.length > 1) found.push(field.invalid(path, namespaces, alone("namespaces")));
  } else
    for (const [index, namespace] of worthChecking(namespaces, found))
      for (const text of dns1123Label(namespace))
        found.push(
          field.invalid(
            item(path, index),
            namespace,
            `each member of this list must be '*' or a DNS-1123 label; ${text}`,
          ),
        );
};

function urlError(path: string): string | undefined {
  if (path === "") return "must not be empty";
  if (path === "/") return undefined;
  if (!path.startsWith("/")) return "must start with slash";
  if (path.includes(" ")) return "must not contain white-space";
  if (path.includes("//")) return "must not contain double slash";
  const stars = path.split("*").length - 1;
  return stars > 1 || (stars === 1 && !path.endsWith("/*")) ? "wildcard can only do suffix matching" : undefined;
}

const nonResourceRule: Check<NonResourcePolicyRule> = (rule, at, found) => {
  verbList(rule.verbs, child(at, "verbs"), found);
  const urls = rule.nonResourceURLs ?? [];
  const path = child(at, "nonResourceURLs");
  if (urls.length === 0) found.push(field.required(path, "nonResourceURLs must contain at least one value"));
  else if (urls.includes("*")) {
    if (urls.length > 1) found.push(field.invalid(path, urls, alone("non-resource URLs")));
  } else
    for (const [index, url] of worthChecking(urls, found)) {
      const problem = urlError(url);
      if (problem !== undefined) found.push(field.invalid(item(path, index), url, problem));
    }
};

const account: Check<NonNullable<Subject["serviceAccount"]>> = (value, at, found) => {
  if (!value.name) found.push(field.required(child(at, "name")));
  else if (value.name !== "*") dnsSubdomain(value.name, child(at, "name"), found);
  if (value.namespace) dnsLabel(value.namespace, child(at, "namespace"), found);
  else found.push(field.required(child(at, "namespace"), "must specify namespace for service account"));
};

const named: Check<{ readonly name: string }> = (value, at, found) => required()(value.name, child(at, "name"), found);

const subjectKinds = {
  serviceAccount: { kind: "ServiceAccount", check: account as Check<unknown> },
  user: { kind: "User", check: named as Check<unknown> },
  group: { kind: "Group", check: named as Check<unknown> },
} as const;

const subject: Check<Subject> = (value, at, found) => {
  const kinds = Object.entries(subjectKinds) as [keyof typeof subjectKinds, (typeof subjectKinds)["user"]][];
  if (!kinds.some(([, { kind }]) => (kind as string) === value.kind)) {
    found.push(field.notSupported(child(at, "kind"), value.kind ?? "", ["Group", "ServiceAccount", "User"]));
    return;
  }
  for (const [name, { kind, check }] of kinds) {
    const path = child(at, name);
    if ((kind as string) === value.kind) {
      if (value[name] === undefined)
        found.push(field.required(path, `${name} is required when subject kind is '${kind}'`));
      else check(value[name], path, found);
    } else if (value[name] !== undefined)
      found.push(field.forbidden(path, `${name} is forbidden when subject kind is not '${kind}'`));
  }
};

const rules: Check<PolicyRulesWithSubjects> = (value, at, found) => {
  if (empty(value.subjects))
    found.push(field.required(child(at, "subjects"), "subjects must contain at least one value"));
  else each(subject)(value.subjects, child(at, "subjects"), found);
  if (empty(value.resourceRules) && empty(value.nonResourceRules))
    found.push(field.required(at, "at least one of resourceRules and nonResourceRules has to be non-empty"));
  each(resourceRule)(value.resourceRules, child(at, "resourceRules"), found);
  each(nonResourceRule)(value.nonResourceRules, child(at, "nonResourceRules"), found);
};

const highestPrecedence = 10_000;

const spec =
  (name: string): Check<Spec> =>
  (value, at, found) => {
    const precedence = value.matchingPrecedence ?? 0;
    const path = child(at, "matchingPrecedence");
    if (precedence <= 0) found.push(field.invalid(path, precedence, "must be a positive value"));
    if (precedence > highestPrecedence)
      found.push(field.invalid(path, precedence, `must not be greater than ${highestPrecedence}`));
    if (precedence === 1 && name !== "exempt")
      found.push(field.invalid(path, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"));
    const method = value.distinguisherMethod;
    if (method && method.type !== "ByNamespace" && method.type !== "ByUser")
      found.push(
        field.notSupported(child(at, "distinguisherMethod.type"), { Type: method.type ?? "" }, [
          "ByNamespace",
          "ByUser",
        ]),
      );
    const level = child(at, "priorityLevelConfiguration.name");
    const levelName = value.priorityLevelConfiguration?.name;
    if (levelName) dnsSubdomain(levelName, level, found);
    else found.push(field.required(level, "must reference a priority level"));
    each(rules)(value.rules, child(at, "rules"), found);
  };

const everything = {
  resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"], clusterScope: true, namespaces: ["*"] }],
  nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
};
const groups = (...names: string[]): Subject[] => names.map((name) => ({ kind: "Group", group: { name } }));

/** Schemas that the server can not do without. */
const mandatory: Readonly<Record<string, Spec>> = {
  exempt: {
    priorityLevelConfiguration: { name: "exempt" },
    matchingPrecedence: 1,
    rules: [{ subjects: groups("system:masters"), ...everything }],
  },
  "catch-all": {
    priorityLevelConfiguration: { name: "catch-all" },
    matchingPrecedence: highestPrecedence,
    distinguisherMethod: { type: "ByUser" },
    rules: [{ subjects: groups("system:unauthenticated", "system:authenticated"), ...everything }],
  },
};

export const flowSchemaRules = defineRules<FlowSchema>({
  resetFields: { status: ["metadata", "spec"] },
  default: (schema) => {
    const own = (schema.spec ??= {} as Spec);
    own.matchingPrecedence ||= 1000;
  },
  generation: true,
  metadataOnUpdate: "create",
  validate: ({ metadata, spec: own, status }) => {
    const fixed = mandatory[metadata.name];
    return [
      ...findings(own, spec(metadata.name), "spec"),
      ...(fixed !== undefined && !deepEqual(own, fixed)
        ? [field.invalid("spec", own, `spec of '${metadata.name}' must equal the fixed value`)]
        : []),
      ...findings(status?.conditions, flowConditions, "status.conditions"),
    ];
  },
  status: {
    prepareUpdate: keepMetadata,
    validateUpdate: ({ status }) => findings(status?.conditions, flowConditions, "status.conditions"),
  },
});
