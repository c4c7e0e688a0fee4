// The OpenAPI 2.0 document of everything.

import type { Describe } from "../../api/index.ts";
import { sha256Hex } from "../../base/index.ts";
import { builtinSchemas } from "../../machinery/index.ts";
import type { ServedResource } from "../catalog.ts";
import { addCustom } from "./custom.ts";
import { Definitions, type Json } from "./definitions.ts";
import { bodiesIn } from "./kinds-of-definitions.ts";
import type { Operation } from "./operations.ts";
import { parameterDescription } from "./parameter-descriptions.ts";
import { type Parameter, shareParameters } from "./parameters.ts";
import { documentVersion, pathItems, responseTexts } from "./path-items.ts";

/** By these kubectl before 1.27 tells what a server can do, and it does not follow references. Upstream: kube-openapi, collectSharedParameters. */
const neverShared: readonly unknown[] = ["dryRun", "fieldValidation"];

/** Parameters stand once in the document and are referred to, but for those that are different everywhere. */
class Parameters {
  readonly made: Record<string, Json> = {};

  of(parameter: Json): Json {
    if (neverShared.includes(parameter["name"])) return parameter;
    const text = JSON.stringify(parameter);
    const name = `${parameter["name"]}-${sha256Hex(new TextEncoder().encode(text)).slice(0, 8)}`;
    this.made[name] = parameter;
    return { $ref: `#/parameters/${name}` };
  }
}

export function documentV2(
  operations: readonly Operation[],
  resources: readonly ServedResource[],
  describe: Describe,
): Json {
  const kindsOf = (name: string): readonly Json[] => bodiesIn(name, undefined);
  const definitions = new Definitions({ schemas: builtinSchemas(), dialect: "v2", kindsOf, describe });
  for (const resource of resources) if (resource.custom !== undefined) addCustom(resource, definitions, "v2");
  const parameters = new Parameters();
  const schemaOf = (name: string | undefined): Json =>
    name === undefined ? { type: "string" } : definitions.ref(name);
  const written = (each: Parameter): Json => {
    const description = parameterDescription(each);
    const value = { uniqueItems: true, type: each.type, description, name: each.name, in: each.in };
    return each.in === "path" ? { ...value, required: true } : parameters.of(value);
  };
  const body = ({ definition, required }: NonNullable<Operation["body"]>): Json => ({
    name: "body",
    in: "body",
    ...(required ? { required } : {}),
    schema: definitions.ref(definition),
  });
  const paths = pathItems(operations, (group) => {
    const { common, own } = shareParameters(group);
    return {
      ...Object.fromEntries(
        group.map((each, index) => {
          const mine = [...(each.body === undefined ? [] : [body(each.body)]), ...(own[index] ?? []).map(written)];
          return [each.method, operation(each, schemaOf(each.answer), mine)];
        }),
      ),
      ...(common.length === 0 ? {} : { parameters: common.map(written) }),
    };
  });
  return {
    swagger: "2.0",
    info: { title: "Kubernetes", version: documentVersion },
    paths,
    definitions: definitions.all,
    parameters: Object.fromEntries(Object.entries(parameters.made).sort(([a], [b]) => (a < b ? -1 : 1))),
    securityDefinitions: {
      BearerToken: { description: "Bearer Token authentication", type: "apiKey", name: "authorization", in: "header" },
    },
    security: [{ BearerToken: [] }],
  };
}

const operation = (of: Operation, schema: Json, parameters: readonly Json[]): Json => ({
  description: of.description,
  ...(of.consumes === undefined ? {} : { consumes: of.consumes }),
  produces: of.produces,
  schemes: ["https"],
  tags: [of.tag],
  operationId: of.id,
  ...(parameters.length === 0 ? {} : { parameters }),
  responses: {
    ...Object.fromEntries(of.codes.map((code) => [code, { description: responseTexts[code], schema }])),
    401: { description: "Unauthorized" },
  },
  ...(of.action === undefined ? {} : { "x-kubernetes-action": of.action }),
  ...(of.gvk === undefined ? {} : { "x-kubernetes-group-version-kind": of.gvk }),
});
