// OpenAPI 3.0 documents, one for each group, each group version and each other path.
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

const parameter = (of: Parameter): Json => ({
  name: of.name,
  in: of.in,
  description: parameterDescription(of),
  ...(of.in === "path" ? { required: true } : {}),
  schema: { type: of.type, uniqueItems: true },
});

const content = (types: readonly string[], schema: Json): Json =>
  Object.fromEntries(types.map((type) => [type, { schema }]));

const bearerToken = {
  type: "apiKey",
  description: "Bearer Token authentication",
  name: "authorization",
  in: "header",
};

/** What a document tells of; `at`: the group version that it is of, if it is of one. */
export interface ContentV3 {
  readonly operations: readonly Operation[];
  readonly resources: readonly ServedResource[];
  readonly at: { readonly group: string; readonly version: string } | undefined;
}

export function documentV3({ operations, resources, at }: ContentV3, describe: Describe): Json {
  const custom = resources.length > 0 && resources.every((each) => each.custom !== undefined);
  const kindsOf = (name: string): readonly Json[] => bodiesIn(name, custom ? undefined : at);
  const definitions = new Definitions({ schemas: builtinSchemas(), dialect: "v3", kindsOf, describe });
  for (const resource of resources) if (resource.custom !== undefined) addCustom(resource, definitions, "v3");
  const schemaOf = (name: string | undefined): Json =>
    name === undefined ? { type: "string" } : definitions.ref(name);
  const paths = pathItems(operations, (group) => {
    const { common, own } = shareParameters(group);
    return {
      ...Object.fromEntries(
        group.map((each, index) => [each.method, operation(each, { schemaOf, parameters: own[index] ?? [] })]),
      ),
      ...(common.length === 0 ? {} : { parameters: common.map(parameter) }),
    };
  });
  const schemas = definitions.all;
  return {
    openapi: "3.0.0",
    info: custom
      ? { title: "Kubernetes CRD Swagger", version: "v0.1.0" }
      : { title: "Kubernetes", version: documentVersion },
    paths,
    components: {
      ...(Object.keys(schemas).length === 0 ? {} : { schemas }),
      ...(custom ? {} : { securitySchemes: { BearerToken: bearerToken } }),
    },
  };
}

function operation(
  of: Operation,
  {
    schemaOf,
    parameters,
  }: { readonly schemaOf: (name: string | undefined) => Json; readonly parameters: readonly Parameter[] },
): Json {
  const { body, consumes = ["*/*"] } = of;
  return {
    tags: [of.tag],
    description: of.description,
    operationId: of.id,
    ...(parameters.length === 0 ? {} : { parameters: parameters.map(parameter) }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            content: content(consumes, schemaOf(body.definition)),
            ...(body.required ? { required: true } : {}),
          },
        }),
    responses: {
      ...Object.fromEntries(
        of.codes.map((code) => [
          code,
          { description: responseTexts[code], content: content(of.produces, schemaOf(of.answer)) },
        ]),
      ),
      401: { description: "Unauthorized" },
    },
    ...(of.action === undefined ? {} : { "x-kubernetes-action": of.action }),
    ...(of.gvk === undefined ? {} : { "x-kubernetes-group-version-kind": of.gvk }),
  };
}
