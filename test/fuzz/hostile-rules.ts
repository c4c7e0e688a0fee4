// Hostile expressions and patterns: of policies and of custom resources.
import { filled, type Hostile, long, nested } from "./bodies.ts";

const policies = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

const policy = (name: string, expression: string): string =>
  JSON.stringify({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicy",
    metadata: { name },
    spec: {
      matchConstraints: {
        resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["endpoints"] }],
      },
      validations: [{ expression }],
    },
  });

const definition = (plural: string, schema: object): string =>
  JSON.stringify({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.fuzz.example.com` },
    spec: {
      group: "fuzz.example.com",
      scope: "Namespaced",
      names: { plural, kind: plural[0]!.toUpperCase() + plural.slice(1) },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: "object", properties: { spec: schema } } },
        },
      ],
    },
  });

const ruled = (rule: string): object => ({ type: "string", "x-kubernetes-validations": [{ rule }] });
const numbers = `[${Array.from({ length: 1000 }, (_, index) => index).join(",")}]`;

function policyCase(name: string, expression: () => string, codes = [201, 422]): Hostile {
  const object = name.replaceAll(/[^a-z]+/gi, "-").toLowerCase();
  return { name, method: "POST", path: policies, body: () => policy(object, expression()), codes };
}

function definitionCase(plural: string, name: string, schema: () => object, codes = [201, 422]): Hostile {
  return { name, method: "POST", path: definitions, body: () => definition(plural, schema()), codes };
}

export const rules: readonly Hostile[] = [
  policyCase("an expression of parentheses", () => nested("(", "true", ")", 1_000_000), [422]),
  policyCase("an expression of denials", () => `${long("!", 2_000_000)}true`, [422]),
  policyCase("an expression of many terms", () => filled(() => "true", " && ", 2_000_000)),
  policyCase("an expression of lists in lists", () => `${nested("[", "1", "]", 100_000)} == []`, [422]),
  policyCase("an expression of many fields", () => `object${long(".a", 1_000_000)} == 1`),
  policyCase("an expression of choices", () => `${filled(() => "true ? false", " : ", 1_000_000)} : true`),
  policyCase("a text without end", () => `"${long("a", 2_000_000)}`, [422]),
  policyCase(
    "a comprehension of comprehensions",
    () => `${numbers}.all(a, ${numbers}.all(b, ${numbers}.all(c, a + b + c >= 0)))`,
  ),
  definitionCase("depths", "a rule of parentheses", () => ruled(nested("(", "true", ")", 1_000_000)), [422]),
  definitionCase("bombs", "a rule of comprehensions", () =>
    ruled(`${numbers}.all(a, ${numbers}.all(b, ${numbers}.all(c, self.matches("(x+x+)+y"))))`),
  ),
  definitionCase("unboundeds", "a rule over lists without bound", () => ({
    type: "array",
    items: { type: "array", items: { type: "string" } },
    "x-kubernetes-validations": [{ rule: "self.all(a, self.all(b, a.all(c, b.all(d, c != d))))" }],
  })),
  definitionCase(
    "repeats",
    "a pattern of repetitions",
    () => ({ type: "string", pattern: "((((a{1,100}){1,100}){1,100}){1,100}){1,100}" }),
    [422],
  ),
  definitionCase("alternatives", "a pattern of alternatives", () => ({
    type: "string",
    pattern: filled((i) => `(a${i}|b)*`, "|", 200_000),
  })),
  definitionCase("groups", "a pattern of groups", () => ({ type: "string", pattern: nested("(", "a", ")", 500_000) })),
  definitionCase("classes", "a pattern of classes", () => ({
    type: "string",
    pattern: filled(() => "[\\pL\\pN]", "", 200_000),
  })),
];
