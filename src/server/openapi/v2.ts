// The OpenAPI 2.0 document of everything.

import type { Describe } from "../../api/index.ts";
import { builtinSchemas } from "../../machinery/index.ts";
import type { ServedResource } from "../catalog.ts";
import { addCustom } from "./custom.ts";
import { Definitions, type Json } from "./definitions.ts";
import { bodiesIn } from "./kinds-of-definitions.ts";
import type { Operation } from "./operations.ts";
import { parameterDescription } from "./parameter-descriptions.ts";
import { type Parameter, shareParameters } from "./parameters.ts";
import { documentVersion, pathItems, responseTexts } from "./path-items.ts";

/**
 * What is different with each kind: its name, its body; and by what kubectl before 1.27, which does not follow references, tells what a
 * server can do. Upstream: kube-openapi, collectSharedParameters.
 */
function isOwn({ name, in: where, schema }: Json): boolean {
  if (where === "body") return !String((schema as Json)["$ref"]).startsWith("#/definitions/io.k8s.apimachinery");
  return name === "name" || (where === "query" && (name === "dryRun" || name === "fieldValidation"));
}

/** Parameters stand once in the document and are referred to, but for those that are different everywhere. */
class Parameters {
  readonly made: Record<string, Json> = {};

  of(parameter: Json): Json {
    if (isOwn(parameter)) return parameter;
    const name = `${parameter["name"]}-${shortHash(JSON.stringify(parameter))}`;
    this.made[name] = parameter;
    return { $ref: `#/parameters/${name}` };
  }
}

/** Six bytes of the FNV-1 hash of the parameter as Go writes it, in base64url, as upstream's names have them. */
function shortHash(text: string): string {
  const escapes: Readonly<Record<string, string>> = { "<": "\\u003c", ">": "\\u003e", "&": "\\u0026" };
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text.replaceAll(/[<>&]/g, (each) => escapes[each]!)))
    hash = BigInt.asUintN(64, hash * 0x100000001b3n) ^ BigInt(byte);
  const first = hash >> 16n;
  const bytes = Array.from({ length: 6 }, (_, index) => Number((first >> BigInt(40 - 8 * index)) & 0xffn));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_");
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
    return parameters.of(each.in === "path" ? { ...value, required: true } : value);
  };
  const body = ({ definition, required }: NonNullable<Operation["body"]>): Json =>
    parameters.of({
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
