// What a PolicyRule means: which requests it allows, which other rules it covers, how it is shown.
// Upstream: pkg/apis/rbac/v1/evaluation_helpers.go, component-helpers/auth/rbac/validation, pkg/registry/rbac/validation.

import type { PolicyRule } from "../../api/index.ts";
import { quoteGoList } from "../../machinery/index.ts";
import type { AccessAttributes } from "../contract.ts";

const none: readonly string[] = [];

export function ruleAllows(rule: PolicyRule, asked: AccessAttributes): boolean {
  if (!matches(rule.verbs, asked.verb)) return false;
  if (!asked.resourceRequest) return (rule.nonResourceURLs ?? none).some((url) => urlMatches(url, asked.path));
  if (!matches(rule.apiGroups ?? none, asked.group) || !resourceMatches(rule.resources ?? none, asked)) return false;
  const names = rule.resourceNames ?? none;
  return names.length === 0 || names.includes(asked.name);
}

const matches = (allowed: readonly string[], asked: string): boolean => {
  // By index, as below: every request asks this of every rule of who sends it.
  for (let index = 0; index < allowed.length; index++) {
    const each = allowed[index];
    if (each === "*" || each === asked) return true;
  }
  return false;
};

function resourceMatches(allowed: readonly string[], { resource, subresource }: AccessAttributes): boolean {
  const combined = subresource === "" ? resource : `${resource}/${subresource}`;
  for (let index = 0; index < allowed.length; index++) {
    const each = allowed[index];
    if (each === "*" || each === combined) return true;
    if (subresource !== "" && each === `*/${subresource}`) return true;
  }
  return false;
}

const urlMatches = (allowed: string, path: string): boolean =>
  allowed === "*" || allowed === path || (allowed.endsWith("*") && path.startsWith(allowed.replace(/\*+$/, "")));

/** The atoms of `wanted` that no rule of `held` covers, each with one verb and one resource or URL. */
export function uncovered(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(breakDown).filter((atom) => !held.some((rule) => covers(rule, atom)));
}

function breakDown(rule: PolicyRule): PolicyRule[] {
  const atoms: PolicyRule[] = [];
  for (const group of rule.apiGroups ?? none)
    for (const resource of rule.resources ?? none)
      for (const verb of rule.verbs ?? none) {
        const atom = { verbs: [verb], apiGroups: [group], resources: [resource] };
        const names = rule.resourceNames ?? none;
        if (names.length === 0) atoms.push(atom);
        for (const name of names) atoms.push({ ...atom, resourceNames: [name] });
      }
  for (const url of rule.nonResourceURLs ?? none)
    for (const verb of rule.verbs ?? none) atoms.push({ verbs: [verb], nonResourceURLs: [url] });
  return atoms;
}

function covers(rule: PolicyRule, atom: PolicyRule): boolean {
  if (!coversAll(rule.verbs, atom.verbs) || !coversAll(rule.apiGroups ?? none, atom.apiGroups ?? none)) return false;
  const resources = rule.resources ?? none;
  for (const resource of atom.resources ?? none) if (!coversResource(resources, resource)) return false;
  for (const url of atom.nonResourceURLs ?? none)
    if (
      !(rule.nonResourceURLs ?? none).some(
        (held) => held === url || (held.endsWith("*") && url.startsWith(held.replace(/\*+$/, ""))),
      )
    )
      return false;
  const names = rule.resourceNames ?? none;
  const wantedNames = atom.resourceNames ?? none;
  return names.length === 0 || (wantedNames.length > 0 && wantedNames.every((name) => names.includes(name)));
}

const coversAll = (held: readonly string[], wanted: readonly string[]): boolean =>
  held.includes("*") || wanted.every((each) => held.includes(each));

function coversResource(held: readonly string[], wanted: string): boolean {
  if (held.includes("*") || held.includes(wanted)) return true;
  const slash = wanted.indexOf("/");
  return slash >= 0 && held.includes(`*/${wanted.slice(slash + 1)}`);
}

/** Joins atoms that differ by verb alone, for messages. */
function compact(atoms: readonly PolicyRule[]): PolicyRule[] {
  const simple = new Map<string, PolicyRule>();
  const others: PolicyRule[] = [];
  for (const atom of atoms) {
    if (atom.nonResourceURLs !== undefined) {
      others.push(atom);
      continue;
    }
    const key = JSON.stringify([atom.apiGroups, atom.resources, atom.resourceNames]);
    const known = simple.get(key);
    simple.set(key, known === undefined ? atom : { ...known, verbs: [...known.verbs, ...atom.verbs] });
  }
  return [...others, ...simple.values()];
}

function show(rule: PolicyRule): string {
  const parts: string[] = [];
  const add = (label: string, values: readonly string[] | undefined): void => {
    if (values !== undefined && values.length > 0) parts.push(`${label}:${quoteGoList(values)}`);
  };
  add("APIGroups", rule.apiGroups);
  add("Resources", rule.resources);
  add("NonResourceURLs", rule.nonResourceURLs);
  add("ResourceNames", rule.resourceNames);
  add("Verbs", rule.verbs);
  return `{${parts.join(", ")}}`;
}

/** One line for each missing permission, sorted. */
export const showMissing = (atoms: readonly PolicyRule[]): string =>
  [...new Set(compact(atoms).map(show))].sort(byBytes).join("\n");

const byBytes = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
