// What workloads have in common: selectors that must match their templates, templates, rollout numbers, status counters,
// warnings. Upstream: pkg/apis/apps/validation.

import type { PodTemplateSpec } from "../../../../facts/types/core.v1.ts";
import {
  deepEqual,
  dns1123Label,
  field,
  type IntOrString,
  intOrStringValue,
  type KubeObject,
  type LabelMatcher,
  type LabelSelector,
  labelSelectorMatcher,
  percent,
  SelectorError,
} from "../../../machinery/index.ts";
import type { ServeRules } from "../../kind.ts";
import { mapOrNull, selectorForm } from "../internal-form.ts";
import { podTemplate } from "../pod-spec/spec.ts";
import { podSpecWarnings } from "../pod-spec/warnings.ts";
import { labelSelector } from "../selector-rules.ts";
import { type Check, child, type Findings, immutableText, notNegative } from "../validate.ts";

/** Undefined when the selector is malformed. */
export function matcherOfSelector(selector: LabelSelector | undefined): LabelMatcher | undefined {
  try {
    return labelSelectorMatcher(selector);
  } catch (error) {
    if (error instanceof SelectorError) return undefined;
    throw error;
  }
}

/** Also when there is none. */
export const isEmptySelector = (selector: LabelSelector | undefined | null): boolean =>
  Object.keys(selector?.matchLabels ?? {}).length + (selector?.matchExpressions?.length ?? 0) === 0;

/** A selector that is there and selects something; `owner` as upstream calls the kind here. */
export const requiredSelector =
  (owner: string): Check<LabelSelector | undefined> =>
  (selector, at, found) => {
    if (selector === undefined || selector === null) {
      found.push(field.required(at));
      return;
    }
    labelSelector(selector, at, found);
    if (isEmptySelector(selector)) found.push(field.invalid(at, selector, `empty selector is invalid for ${owner}`));
  };

export function matchingLabels(
  matcher: LabelMatcher,
  template: PodTemplateSpec | undefined,
  at: string,
  found: Findings,
) {
  const labels = template?.metadata?.labels;
  if (!matcher.matches(labels ?? {}))
    found.push(
      field.invalid(
        child(at, "metadata.labels"),
        mapOrNull(template?.metadata, "labels"),
        "`selector` does not match template `labels`",
      ),
    );
}

/** Pods of workloads run until they are deleted; `owner` is the kind's name. */
export const endlessPods =
  (owner: string): Check<PodTemplateSpec | undefined> =>
  (template, at, found) => {
    const { restartPolicy, activeDeadlineSeconds } = template?.spec ?? {};
    if (restartPolicy !== "Always")
      found.push(field.notSupported(child(at, "spec.restartPolicy"), restartPolicy ?? "", ["Always"]));
    if (activeDeadlineSeconds !== undefined)
      found.push(
        field.forbidden(child(at, "spec.activeDeadlineSeconds"), `activeDeadlineSeconds in ${owner} is not Supported`),
      );
  };

/** The template of a Deployment or ReplicaSet. */
export const replicatedTemplate =
  (selector: LabelSelector | undefined): Check<PodTemplateSpec | undefined> =>
  (template, at, found) => {
    const matcher = matcherOfSelector(selector);
    if (matcher === undefined) {
      const path = `${at.slice(0, at.lastIndexOf("."))}.selector`;
      found.push(field.invalid(path, selectorForm(selector ?? {}), "invalid label selector"));
      return;
    }
    if (!selector || !isEmptySelector(selector)) matchingLabels(matcher, template, at, found);
    podTemplate(template, at, found);
    endlessPods("ReplicaSet")(template, at, found);
  };

/** Whole numbers from 0 and percentages. */
export const intOrPercent: Check<IntOrString | undefined> = (value = 0, at, found) => {
  if (typeof value === "number") notNegative(value, at, found);
  else for (const text of percent(value)) found.push(field.invalid(at, value, text));
};

const percentValue = (value: IntOrString | undefined): number | undefined =>
  typeof value === "string" && percent(value).length === 0 ? Number(value.slice(0, -1)) : undefined;

/** The number in front of the percent sign, or the number itself. */
export const intOrPercentValue = (value: IntOrString | undefined): number =>
  percentValue(value) ?? intOrStringValue(value ?? 0);

export const atMostAll: Check<IntOrString | undefined> = (value, at, found) => {
  if ((percentValue(value) ?? 0) > 100) found.push(field.invalid(at, value, "must not be greater than 100%"));
};

type Counts = Readonly<Record<string, unknown>>;

const count = (status: Counts | undefined, name: string): number => (status?.[name] as number | undefined) ?? 0;

/** Counters of a status: none below zero. */
export const counters =
  <T extends object>(...names: readonly (keyof T & string)[]): Check<T | undefined> =>
  (status, at, found) => {
    for (const name of names) notNegative(count(status as Counts | undefined, name), child(at, name), found);
  };

/** Counters that another one bounds. */
export const bounded =
  <T extends object>(
    names: readonly (keyof T & string)[],
    bound: keyof T & string,
    detail: string,
  ): Check<T | undefined> =>
  (status, at, found) => {
    const own = status as Counts | undefined;
    for (const name of names)
      if (count(own, name) > count(own, bound)) found.push(field.invalid(child(at, name), count(own, name), detail));
  };

interface Colliding {
  readonly status?: { readonly collisionCount?: number };
}

export function collisionCount(object: Colliding, old: Colliding, found: Findings): void {
  const [now, before] = [object.status?.collisionCount, old.status?.collisionCount];
  if (before !== undefined && (now ?? 0) < before)
    found.push(field.invalid("status.collisionCount", now ?? 0, "cannot be decremented"));
}

/** For kinds whose name becomes part of host names. */
export function hostNameWarnings({ metadata }: KubeObject): string[] {
  const texts = dns1123Label(metadata.name);
  return texts.length === 0
    ? []
    : [
        `metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [${texts.join(" ")}]`,
      ];
}

export const templateWarnings = (template: PodTemplateSpec | undefined, at: string): string[] =>
  template?.spec === undefined ? [] : podSpecWarnings({ spec: template.spec, metadata: template.metadata, at });

/** Specs differ, which is what moves the generation of most workloads. */
export const specChanged = (object: { spec?: unknown }, old: { spec?: unknown }): boolean =>
  !deepEqual(object.spec, old.spec);

interface Scalable extends KubeObject {
  spec?: { replicas?: number; selector?: LabelSelector };
  status?: { replicas?: number };
}

/** `/scale` of the kinds that keep their numbers in spec.replicas and status.replicas. */
export const replicaScale = {
  read: ({ spec, status }: Scalable) => ({
    replicas: spec?.replicas ?? 0,
    statusReplicas: status?.replicas ?? 0,
    selector: labelSelectorMatcher(spec?.selector).toString(),
  }),
  write: (draft: Scalable, replicas: number): void => {
    draft.spec = { ...draft.spec, replicas };
  },
} as NonNullable<ServeRules<never>["scale"]>;

/** A selector stays as it was made. */
export const immutableSelector =
  (old: LabelSelector | undefined): Check<LabelSelector | undefined> =>
  (now, at, found) => {
    if (!deepEqual(now, old)) found.push(field.invalid(at, now ? selectorForm(now) : null, immutableText));
  };
