// What an extension server serves: its aggregated discovery, or, from older servers, the list of one version brought into that
// form. Upstream: kube-aggregator's handler_discovery.go, apiserver's ConvertGroupVersionIntoToDiscovery.
import type { APIService } from "../../api/index.ts";
import type { ApiResponse } from "../../machinery/index.ts";
import { discard, wholeOf } from "./forward.ts";

export interface ServerDiscovery {
  /** Resources by `group/version`. */
  readonly versions: ReadonlyMap<string, readonly object[]>;
  readonly etag?: string;
}

export type Ask = (
  path: string,
  headers: Readonly<Record<string, string>>,
) => Promise<{ readonly answer: ApiResponse; readonly done: () => void }>;

const aggregated = ["v2", "v2beta1"].map(
  (version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
);

interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

interface Discovered {
  readonly responseKind?: GroupVersionKind;
  readonly subresources?: readonly { readonly responseKind?: GroupVersionKind }[];
}

interface AggregatedList {
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string };
    readonly versions?: readonly { readonly version: string; readonly resources?: readonly Discovered[] }[];
  }[];
}

/** Rejects when the server does not answer as it has to. */
export async function fetchDiscovery(of: {
  readonly service: APIService;
  readonly before: ServerDiscovery | undefined;
  readonly ask: Ask;
}): Promise<ServerDiscovery> {
  const { before, ask } = of;
  const { answer, done } = await ask("/apis", {
    accept: aggregated.join(","),
    ...(before?.etag === undefined ? {} : { "if-none-match": before.etag }),
  });
  try {
    if (answer.status === 304 && before !== undefined) {
      await discard(answer);
      return before;
    }
    const type = String(answer.headers["content-type"] ?? "");
    if (answer.status === 200 && type.includes("as=APIGroupDiscoveryList") && type.includes("g=apidiscovery.k8s.io")) {
      const list = JSON.parse(new TextDecoder().decode(await wholeOf(answer))) as AggregatedList;
      const etag = answer.headers["etag"];
      return { versions: versionsOf(list), ...(typeof etag === "string" ? { etag } : {}) };
    }
    await discard(answer);
    if (answer.status === 503) throw new Error(`the service returned non-success response code: ${answer.status}`);
  } finally {
    done();
  }
  return legacyDiscovery(of.service, ask);
}

function versionsOf({ items = [] }: AggregatedList): Map<string, readonly object[]> {
  const none: GroupVersionKind = { group: "", version: "", kind: "" };
  const whole = (each: Discovered): object => ({
    ...each,
    responseKind: each.responseKind ?? none,
    ...(each.subresources === undefined
      ? {}
      : { subresources: each.subresources.map((sub) => ({ ...sub, responseKind: sub.responseKind ?? none })) }),
  });
  const found = new Map<string, readonly object[]>();
  for (const { metadata, versions = [] } of items)
    for (const { version, resources = [] } of versions)
      found.set(`${metadata?.name ?? ""}/${version}`, resources.map(whole));
  return found;
}

interface ListedResource {
  readonly name: string;
  readonly singularName?: string;
  readonly namespaced: boolean;
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

async function legacyDiscovery({ spec }: APIService, ask: Ask): Promise<ServerDiscovery> {
  const { group = "", version = "" } = spec;
  const path = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  const { answer, done } = await ask(path, { accept: "application/json" });
  try {
    const text = new TextDecoder().decode(await wholeOf(answer));
    if (answer.status !== 200) throw new Error(`failed to download legacy discovery for ${path}: ${answer.status}`);
    const { resources = [] } = JSON.parse(text) as { resources?: readonly ListedResource[] };
    return { versions: new Map([[`${group}/${version}`, convert(resources)]]) };
  } finally {
    done();
  }
}

const responseKind = ({ group = "", version = "", kind }: ListedResource): GroupVersionKind => ({
  group,
  version,
  kind,
});

/** Subresources come behind their resource in the list and go into it here. */
function convert(listed: readonly ListedResource[]): object[] {
  const isMain = ({ name }: ListedResource): boolean => !name.includes("/");
  return listed.filter(isMain).map((main) => {
    const own = listed.filter(({ name }) => name.startsWith(`${main.name}/`));
    return {
      resource: main.name,
      responseKind: responseKind(main),
      scope: main.namespaced ? "Namespaced" : "Cluster",
      singularResource: main.singularName ?? "",
      verbs: main.verbs,
      ...(main.shortNames?.length ? { shortNames: main.shortNames } : {}),
      ...(main.categories?.length ? { categories: main.categories } : {}),
      ...(own.length === 0
        ? {}
        : {
            subresources: own.map((each) => ({
              subresource: each.name.slice(main.name.length + 1),
              responseKind: responseKind(each),
              verbs: each.verbs,
            })),
          }),
    };
  });
}
