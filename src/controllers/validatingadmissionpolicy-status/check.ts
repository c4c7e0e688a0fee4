// What type checking has to say of a policy. Upstream: admission/plugin/policy/validating/typechecking.go.
import type { ValidatingAdmissionPolicy } from "../../api/index.ts";
import type { DynamicResource } from "../../client/index.ts";
import type { RuleSchema } from "../../machinery/cel/admission/index.ts";
import { type GroupVersionKind, parseApiVersion } from "../../machinery/index.ts";

export interface ExpressionWarning {
  readonly fieldRef: string;
  readonly warning: string;
}

export interface KnownTypes {
  readonly resources: readonly DynamicResource[];
  schemaOf(kind: GroupVersionKind): Promise<RuleSchema | undefined>;
}

const mostTypes = 10;

/** Kinds that the rules name without wildcards, sorted; at most ten a rule. */
export function typesOf(policy: ValidatingAdmissionPolicy, resources: readonly DynamicResource[]): GroupVersionKind[] {
  const found = new Map<string, GroupVersionKind>();
  for (const { apiGroups = [], apiVersions = [], resources: names = [] } of policy.spec?.matchConstraints
    ?.resourceRules ?? []) {
    if ([...apiGroups, ...apiVersions].some((each) => each.includes("*"))) continue;
    const plain = names.filter((each) => !/[*/]/.test(each));
    let count = 0;
    for (const { group, version, kind, resource } of resources) {
      if (!apiGroups.includes(group) || !apiVersions.includes(version) || !plain.includes(resource)) continue;
      found.set(`${group}\0${version}\0${kind}`, { group, version, kind });
      if (++count === mostTypes) return sorted(found);
    }
  }
  return sorted(found);
}

const sorted = (kinds: ReadonlyMap<string, GroupVersionKind>): GroupVersionKind[] =>
  [...kinds.keys()].sort().map((key) => kinds.get(key)!);

export async function expressionWarnings(
  policy: ValidatingAdmissionPolicy,
  types: KnownTypes,
): Promise<ExpressionWarning[]> {
  const { createTypeChecker } = await import("../../machinery/cel/admission/index.ts");
  const { variables = [], paramKind, validations = [] } = policy.spec ?? {};
  const params = paramKind && { ...parseApiVersion(paramKind.apiVersion ?? ""), kind: paramKind.kind ?? "" };
  const paramsSchema = params && (await types.schemaOf(params));
  const checks: { kind: GroupVersionKind; check: (expression: string) => string | undefined }[] = [];
  for (const kind of typesOf(policy, types.resources)) {
    const schema = await types.schemaOf(kind);
    if (schema === undefined) continue;
    const check = createTypeChecker({
      object: { kind: kind.kind, schema },
      ...(params ? { params: { kind: params.kind, schema: paramsSchema } } : {}),
      variables,
    });
    checks.push({ kind, check });
  }
  const warnings: ExpressionWarning[] = [];
  const judge = (fieldRef: string, expression: string): void => {
    const texts = checks.flatMap(({ kind, check }) => {
      const issues = check(expression);
      return issues === undefined ? [] : [`${kind.group}/${kind.version}, Kind=${kind.kind}: ${issues}\n`];
    });
    if (texts.length > 0) warnings.push({ fieldRef, warning: texts.join("\n") });
  };
  for (const [index, { expression, messageExpression }] of validations.entries()) {
    judge(`spec.validations[${index}].expression`, expression);
    if (messageExpression) judge(`spec.validations[${index}].messageExpression`, messageExpression);
  }
  return warnings;
}
