// What is written about which request: the audit policy, its checks and its evaluation. Upstream: apiserver's audit/policy and
// apis/audit/validation.
import { fromYaml, type UserInfo } from "../../machinery/index.ts";
import type { RequestInfo } from "../request-info.ts";

/** In order: each writes what the one before does, and more. */
export const auditLevels = ["None", "Metadata", "Request", "RequestResponse"] as const;
export type AuditLevel = (typeof auditLevels)[number];

const auditStages = ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"] as const;
export type AuditStage = (typeof auditStages)[number];

export interface AuditPolicy {
  readonly rules: readonly AuditRule[];
  readonly omitStages?: readonly AuditStage[];
  readonly omitManagedFields?: boolean;
}

export interface AuditRule {
  readonly level: AuditLevel;
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly {
    readonly group?: string;
    readonly resources?: readonly string[];
    readonly resourceNames?: readonly string[];
  }[];
  readonly namespaces?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly omitStages?: readonly AuditStage[];
  readonly omitManagedFields?: boolean;
}

export interface AuditDecision {
  readonly level: AuditLevel;
  readonly omitStages: ReadonlySet<AuditStage>;
  readonly omitManagedFields: boolean;
}

/** A policy of audit.k8s.io/v1. Throws an Error that says what is wrong with which rule. */
export function parseAuditPolicy(text: string): AuditPolicy {
  const [document] = fromYaml(text);
  if (typeof document !== "object" || document === null || Array.isArray(document))
    throw new Error("an audit policy is an object with rules");
  const { apiVersion, kind } = document as { apiVersion?: unknown; kind?: unknown };
  if (apiVersion !== "audit.k8s.io/v1" || kind !== "Policy")
    throw new Error(`unknown group version field ${String(apiVersion)}, Kind=${String(kind)} in policy`);
  const policy = document as AuditPolicy;
  const rules = policy.rules ?? [];
  const problems = [...stageProblems("omitStages", policy.omitStages), ...rules.flatMap(ruleProblems)];
  if (problems.length > 0) throw new Error(problems.join(", "));
  if (rules.length === 0) throw new Error("loaded illegal policy with 0 rules");
  return { ...policy, rules };
}

const quoted = (values: readonly string[]): string => values.map((value) => JSON.stringify(value)).join(", ");

function stageProblems(path: string, stages: readonly string[] | undefined): string[] {
  return (stages ?? []).flatMap((stage, index) =>
    (auditStages as readonly string[]).includes(stage)
      ? []
      : [`${path}[${index}]: Invalid value: ${JSON.stringify(stage)}: allowed stages are ${auditStages.join(",")}`],
  );
}

function ruleProblems(rule: AuditRule, index: number): string[] {
  const path = `rules[${index}]`;
  const problems: string[] = [];
  if (rule.level === undefined || (rule.level as string) === "") problems.push(`${path}.level: Required value`);
  else if (!auditLevels.includes(rule.level))
    problems.push(
      `${path}.level: Unsupported value: ${JSON.stringify(rule.level)}: supported values: ${quoted([...auditLevels])}`,
    );
  for (const [at, url] of (rule.nonResourceURLs ?? []).entries()) {
    const where = `${path}.nonResourceURLs[${at}]: Invalid value: ${JSON.stringify(url)}`;
    if (url === "*") continue;
    if (!url.startsWith("/")) problems.push(`${where}: non-resource URL rules must begin with a '/' character`);
    if (url.slice(0, -1).includes("*"))
      problems.push(`${where}: non-resource URL wildcards '*' must be the final character of the rule`);
  }
  for (const { resourceNames = [], resources = [] } of rule.resources ?? [])
    if (resourceNames.length > 0 && resources.length === 0)
      problems.push(
        `${path}.resources.resourceNames: Invalid value: [${quoted(resourceNames)}]: using resourceNames requires at least one resource`,
      );
  const ofResources = (rule.resources?.length ?? 0) + (rule.namespaces?.length ?? 0) > 0;
  if ((rule.nonResourceURLs?.length ?? 0) > 0 && ofResources)
    problems.push(
      `${path}.nonResourceURLs: Invalid value: [${quoted(rule.nonResourceURLs!)}]: rules cannot apply to both regular resources and non-resource URLs`,
    );
  return [...problems, ...stageProblems(`${path}.omitStages`, rule.omitStages)];
}

export type AuditEvaluator = (info: RequestInfo, user: UserInfo | undefined) => AuditDecision;

/** The first rule that matches decides; without one nothing is written. */
export function auditEvaluator(policy: AuditPolicy): AuditEvaluator {
  const stages = policy.omitStages ?? [];
  const decisionOf = (level: AuditLevel, rule: Partial<AuditRule>): AuditDecision => ({
    level,
    omitStages: new Set([...stages, ...(rule.omitStages ?? [])]),
    omitManagedFields: rule.omitManagedFields ?? policy.omitManagedFields ?? false,
  });
  const rules = policy.rules.map((rule) => ({ rule, decision: decisionOf(rule.level, rule) }));
  const otherwise = decisionOf("None", {});
  return (info, user) => {
    for (const { rule, decision } of rules) if (matches(rule, info, user)) return decision;
    return otherwise;
  };
}

function matches(rule: AuditRule, info: RequestInfo, user: UserInfo | undefined): boolean {
  const { users = [], userGroups = [], verbs = [], namespaces = [], resources = [], nonResourceURLs = [] } = rule;
  if (users.length > 0 && !users.includes(user?.username ?? "")) return false;
  if (users.length > 0 && user === undefined) return false;
  if (userGroups.length > 0 && user?.groups.some((group) => userGroups.includes(group)) !== true) return false;
  if (verbs.length > 0 && !verbs.includes(info.verb)) return false;
  if (namespaces.length > 0 || resources.length > 0) return matchesResource(rule, info);
  if (nonResourceURLs.length > 0)
    return !info.isResource && nonResourceURLs.some((spec) => matchesPath(info.path, spec));
  return true;
}

const matchesPath = (path: string, spec: string): boolean =>
  spec === "*" || spec === path || (spec.endsWith("*") && path.startsWith(spec.replace(/\*+$/, "")));

function matchesResource({ namespaces = [], resources = [] }: AuditRule, info: RequestInfo): boolean {
  if (!info.isResource) return false;
  if (namespaces.length > 0 && !namespaces.includes(info.namespace)) return false;
  if (resources.length === 0) return true;
  const { resource, subresource } = info;
  const combined = subresource === "" ? resource : `${resource}/${subresource}`;
  return resources.some(({ group = "", resources: wanted = [], resourceNames = [] }) => {
    if (group !== info.group && group !== "*") return false;
    if (wanted.length === 0) return true;
    if (resourceNames.length > 0 && !resourceNames.includes(info.name)) return false;
    return wanted.some(
      (each) =>
        each === combined ||
        each === "*" ||
        (subresource !== "" && each === `*/${subresource}`) ||
        each === `${resource}/*`,
    );
  });
}
