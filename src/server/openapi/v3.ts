// OpenAPI 3.0 documents, one for each group version.
import type { Group } from "../discovery/discovery.ts";
import { versionInfo } from "../version.ts";
import { definitionName, type PathWriter, parameterTypes, patchTypes, pathsOf, produced } from "./paths.ts";
import { Definitions, type Json, v3 } from "./schemas.ts";

const content = (types: readonly string[], schema: Json): Json =>
  Object.fromEntries(types.map((type) => [type, { schema }]));

const writer: PathWriter = {
  parameter: ({ name, in: where, type }) => ({
    name,
    in: where,
    ...(where === "path" ? { required: true } : {}),
    schema: { type, uniqueItems: true },
  }),
  operation: (of) => ({
    operationId: of.id,
    ...(of.query.length === 0
      ? {}
      : {
          parameters: of.query.map((name) =>
            writer.parameter({ name, in: "query", type: parameterTypes[name] ?? "string" }),
          ),
        }),
    ...(of.body === undefined
      ? {}
      : {
          requestBody: {
            content: content(of.method === "patch" ? patchTypes : ["*/*"], of.body),
            ...(of.method === "delete" ? {} : { required: true }),
          },
        }),
    responses: {
      ...Object.fromEntries(
        of.codes.map((code) => [code, { description: "OK", content: content(produced, of.answer) }]),
      ),
      401: { description: "Unauthorized" },
    },
    "x-kubernetes-action": of.action,
    "x-kubernetes-group-version-kind": of.gvk,
  }),
};

export function documentV3(group: Group, version: string): Json {
  const resources = group.versions.find((each) => each.version === version)?.resources ?? [];
  const [first] = resources;
  const definitions = new Definitions(first!.schemas, v3);
  const paths: Record<string, Json> = {};
  for (const resource of resources) {
    const { group: name, version: of, kind } = resource.kind;
    definitions.mark(definitionName(resource.kind), [{ group: name, version: of, kind }]);
    Object.assign(paths, pathsOf(resource, definitions, writer));
  }
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: versionInfo.gitVersion },
    paths,
    components: {
      schemas: definitions.all,
      securitySchemes: {
        BearerToken: {
          type: "apiKey",
          description: "Bearer Token authentication",
          name: "authorization",
          in: "header",
        },
      },
    },
  };
}
