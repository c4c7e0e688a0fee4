// Discovery: which resources a server has. Upstream: client-go discovery, ServerPreferredResources.
import type { KindDefinition, Verb } from "../api/index.ts";
import type { KubeObject } from "../machinery/index.ts";
import type { DynamicResource } from "./contract.ts";
import type { Sender } from "./request.ts";

const aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

interface AggregatedGroups {
  readonly kind: "APIGroupDiscoveryList";
  readonly items: readonly {
    readonly metadata?: { readonly name?: string };
    readonly versions: readonly {
      readonly version: string;
      readonly resources?: readonly {
        readonly resource: string;
        readonly responseKind?: { readonly kind: string };
        readonly scope: "Namespaced" | "Cluster";
        readonly verbs: readonly Verb[];
      }[];
    }[];
  }[];
}

interface ResourceList {
  readonly resources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
    readonly verbs: readonly Verb[];
  }[];
}

interface GroupVersions {
  readonly group: string;
  /** Preferred first. */
  readonly versions: readonly string[];
}

/** A resource served in several versions is told once: in the preferred version where that has it. */
export async function discoverResources(send: Sender): Promise<readonly DynamicResource[]> {
  const found = (await Promise.all(["/api", "/apis"].map((path) => resourcesBelow(send, path)))).flat();
  const byName = Map.groupBy(found, ({ group, resource }) => `${group}/${resource}`);
  return [...byName.values()].map((served) => ({ ...served[0]!, versions: served.map(({ version }) => version) }));
}

async function resourcesBelow(send: Sender, path: string): Promise<DynamicResource[]> {
  const answer = await send.send<AggregatedGroups | object>({ method: "GET", path, accept: aggregated });
  if (isAggregated(answer)) return fromAggregated(answer);
  const groups =
    path === "/api"
      ? [{ group: "", versions: (answer as { versions: string[] }).versions }]
      : groupsOf(answer as Parameters<typeof groupsOf>[0]);
  const lists = groups.map((group) =>
    group.versions.map((version) => resourcesOf(send, { group: group.group, version })),
  );
  return (await Promise.all(lists.flat())).flat();
}

const isAggregated = (answer: object): answer is AggregatedGroups =>
  (answer as Partial<AggregatedGroups>).kind === "APIGroupDiscoveryList";

const fromAggregated = (groups: AggregatedGroups): DynamicResource[] =>
  groups.items.flatMap((group) =>
    group.versions.flatMap((version) =>
      (version.resources ?? []).map((each) => ({
        group: group.metadata?.name ?? "",
        version: version.version,
        resource: each.resource,
        kind: each.responseKind?.kind ?? "",
        namespaced: each.scope === "Namespaced",
        verbs: each.verbs,
      })),
    ),
  );

function groupsOf(answer: {
  groups: { name: string; versions: { version: string }[]; preferredVersion?: { version: string } }[];
}): GroupVersions[] {
  return answer.groups.map((group) => {
    const preferred = group.preferredVersion?.version;
    const versions = group.versions.map((each) => each.version);
    return {
      group: group.name,
      versions:
        preferred === undefined ? versions : [preferred, ...versions.filter((version) => version !== preferred)],
    };
  });
}

async function resourcesOf(send: Sender, gv: { group: string; version: string }): Promise<DynamicResource[]> {
  const path = gv.group === "" ? `/api/${gv.version}` : `/apis/${gv.group}/${gv.version}`;
  const list = await send.send<ResourceList>({ method: "GET", path });
  return list.resources
    .filter((each) => !each.name.includes("/"))
    .map(({ name, kind, namespaced, verbs }) => ({ ...gv, resource: name, kind, namespaced, verbs }));
}

/** What the resource client needs of a kind; columns and rules of a kind known only at run time stay empty. */
export function kindOfResource(resource: DynamicResource): KindDefinition<KubeObject> {
  return {
    group: resource.group,
    version: resource.version,
    kind: resource.kind,
    resource: resource.resource,
    singular: resource.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    namespaced: resource.namespaced,
    verbs: resource.verbs,
    subresources: [],
    columns: [],
  };
}
