// The OpenAPI 2.0 document of everything, for older clients.
import type { Group } from "../discovery/discovery.ts";
import { versionInfo } from "../version.ts";
import { definitionName, type PathWriter, parameterTypes, patchTypes, pathsOf, produced } from "./paths.ts";
import { Definitions, type Json, v2 } from "./schemas.ts";

const writer: PathWriter = {
  parameter: ({ name, in: where, type }) => ({
    name,
    in: where,
    type,
    uniqueItems: true,
    ...(where === "path" ? { required: true } : {}),
  }),
  operation: (of) => ({
    consumes: of.method === "patch" ? patchTypes : ["*/*"],
    produces: produced,
    operationId: of.id,
    parameters: [
      ...(of.body === undefined
        ? []
        : [{ name: "body", in: "body", schema: of.body, ...(of.method === "delete" ? {} : { required: true }) }]),
      ...of.query.map((name) => writer.parameter({ name, in: "query", type: parameterTypes[name] ?? "string" })),
    ],
    responses: {
      ...Object.fromEntries(of.codes.map((code) => [code, { description: "OK", schema: of.answer }])),
      401: { description: "Unauthorized" },
    },
    "x-kubernetes-action": of.action,
    "x-kubernetes-group-version-kind": of.gvk,
  }),
};

export function documentV2(groups: readonly Group[]): Json {
  const all = groups.flatMap((group) => group.versions.flatMap((version) => version.resources));
  const definitions = new Definitions(all[0]!.schemas, v2);
  const paths: Record<string, Json> = {};
  for (const resource of all) {
    const { group, version, kind } = resource.kind;
    definitions.mark(definitionName(resource.kind), [{ group, version, kind }]);
    Object.assign(paths, pathsOf(resource, definitions, writer));
  }
  return {
    swagger: "2.0",
    info: { title: "Kubernetes", version: versionInfo.gitVersion },
    paths,
    definitions: definitions.all,
    securityDefinitions: {
      BearerToken: { type: "apiKey", description: "Bearer Token authentication", name: "authorization", in: "header" },
    },
  };
}
