// Which flow schema a request belongs to: the first that matches, by precedence and then by name. Upstream: apiserver's
// util/flowcontrol/rule.go and apihelpers.FlowSchemaSequence.
import type { FlowSchema } from "../../api/index.ts";
import type { UserInfo } from "../../machinery/index.ts";
import type { RequestInfo } from "../request-info.ts";

type Spec = NonNullable<FlowSchema["spec"]>;
type Rule = NonNullable<Spec["rules"]>[number];
type ResourceRule = NonNullable<Rule["resourceRules"]>[number];
type NonResourceRule = NonNullable<Rule["nonResourceRules"]>[number];

/** Undefined stands for everything. */
type Members = ReadonlySet<string> | undefined;

interface Subjects {
  readonly everybody: boolean;
  readonly users: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
  /** `system:serviceaccount:NAMESPACE:`: all accounts of a namespace. */
  readonly accountPrefixes: readonly string[];
}

interface CompiledRule {
  readonly subjects: Subjects;
  readonly resources: readonly {
    readonly verbs: Members;
    readonly resources: Members;
    readonly groups: Members;
    readonly namespaces: Members;
    readonly clusterScope: boolean;
  }[];
  readonly nonResources: readonly {
    readonly verbs: Members;
    readonly everyPath: boolean;
    readonly paths: ReadonlySet<string>;
    readonly prefixes: readonly string[];
  }[];
}

export type Matcher = (info: RequestInfo, user: UserInfo) => boolean;

/** Lower numbers first; a tie is broken by the name. */
export const inOrder = (schemas: readonly FlowSchema[]): FlowSchema[] =>
  [...schemas].sort((one, other) => {
    const difference = (one.spec?.matchingPrecedence ?? 0) - (other.spec?.matchingPrecedence ?? 0);
    if (difference !== 0) return difference;
    return (one.metadata.name ?? "") < (other.metadata.name ?? "") ? -1 : 1;
  });

/** A test of requests, made once for each version of the schema. */
export function matcherOf(schema: FlowSchema): Matcher {
  const rules = (schema.spec?.rules ?? []).map(compileRule);
  return (info, user) => {
    for (const rule of rules)
      if (
        matchesSubjects(rule.subjects, user) &&
        (info.isResource ? matchesResource(rule, info) : matchesPath(rule, info))
      )
        return true;
    return false;
  };
}

/** What tells the flows of one schema from each other. */
export function distinguisherOf(schema: FlowSchema, info: RequestInfo, user: UserInfo): string {
  switch (schema.spec?.distinguisherMethod?.type) {
    case "ByUser":
      return user.username;
    case "ByNamespace":
      return info.namespace;
    default:
      return "";
  }
}

const compileRule = (rule: Rule): CompiledRule => ({
  subjects: compileSubjects(rule),
  resources: (rule.resourceRules ?? []).map((each: ResourceRule) => ({
    verbs: membersOf(each.verbs),
    resources: membersOf(each.resources),
    groups: membersOf(each.apiGroups),
    namespaces: membersOf(each.namespaces ?? []),
    clusterScope: each.clusterScope === true,
  })),
  nonResources: (rule.nonResourceRules ?? []).map((each: NonResourceRule) => ({
    verbs: membersOf(each.verbs),
    everyPath: each.nonResourceURLs.includes("*"),
    paths: new Set(each.nonResourceURLs),
    prefixes: each.nonResourceURLs.map((path) => {
      const prefix = path.endsWith("*") ? path.slice(0, -1) : path;
      return prefix.endsWith("/") ? prefix : `${prefix}/`;
    }),
  })),
});

/** The star alone stands for all. */
const membersOf = (list: readonly string[]): Members =>
  list.length === 1 && list[0] === "*" ? undefined : new Set(list);

function compileSubjects({ subjects }: Rule): Subjects {
  const [users, groups] = [new Set<string>(), new Set<string>()];
  const accountPrefixes: string[] = [];
  let everybody = false;
  for (const { kind, user, group, serviceAccount } of subjects) {
    if (kind === "User" && user !== undefined) {
      if (user.name === "*") everybody = true;
      users.add(user.name);
    } else if (kind === "Group" && group !== undefined) {
      if (group.name === "*") everybody = true;
      groups.add(group.name);
    } else if (kind === "ServiceAccount" && serviceAccount !== undefined) {
      const prefix = `system:serviceaccount:${serviceAccount.namespace}:`;
      if (serviceAccount.name === "*") accountPrefixes.push(prefix);
      else users.add(prefix + serviceAccount.name);
    }
  }
  return { everybody, users, groups, accountPrefixes };
}

function matchesSubjects({ everybody, users, groups, accountPrefixes }: Subjects, user: UserInfo): boolean {
  if (everybody || users.has(user.username)) return true;
  if (groups.size > 0) for (const group of user.groups) if (groups.has(group)) return true;
  for (const prefix of accountPrefixes) if (user.username.startsWith(prefix)) return true;
  return false;
}

const has = (members: Members, value: string): boolean => members === undefined || members.has(value);

function matchesResource({ resources }: CompiledRule, info: RequestInfo): boolean {
  for (const rule of resources) {
    if (!has(rule.verbs, info.verb) || !has(rule.groups, info.group)) continue;
    const resource = info.subresource === "" ? info.resource : `${info.resource}/${info.subresource}`;
    if (!has(rule.resources, resource)) continue;
    if (info.namespace === "" ? rule.clusterScope : has(rule.namespaces, info.namespace)) return true;
  }
  return false;
}

function matchesPath({ nonResources }: CompiledRule, info: RequestInfo): boolean {
  for (const rule of nonResources) {
    if (!has(rule.verbs, info.verb)) continue;
    if (rule.everyPath || rule.paths.has(info.path)) return true;
    for (const prefix of rule.prefixes) if (info.path.startsWith(prefix)) return true;
  }
  return false;
}
