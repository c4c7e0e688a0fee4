// OpenAPI of extension servers: the v3 documents are passed on as they are, the v2 ones handed over for merging.
// Upstream: kube-aggregator's controllers/openapi and openapiv3.
import type { APIService } from "../../api/index.ts";
import type { ApiRequest, ApiResponse } from "../../machinery/index.ts";
import { isAvailable } from "./availability.ts";
import { unavailable } from "./failures.ts";
import { wholeOf } from "./forward.ts";
import { onlyPaths, type Specification } from "./open-api-merge.ts";

export interface OpenApiHost {
  readonly services: () => readonly APIService[];
  readonly ask: (
    service: APIService,
    path: string,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<{ readonly answer: ApiResponse; readonly done: () => void }>;
}

type Paths = Readonly<Record<string, { readonly serverRelativeURL: string }>>;

const pathOf = ({ spec }: APIService): string => `apis/${spec.group ?? ""}/${spec.version ?? ""}`;

/** In the order in which their definitions meet: that of their groups' priority, then by name. */
function byPriority(services: readonly APIService[]): APIService[] {
  const priorities = new Map<string, number>();
  for (const { spec } of services)
    priorities.set(spec.group ?? "", Math.max(spec.groupPriorityMinimum, priorities.get(spec.group ?? "") ?? 0));
  const of = ({ spec }: APIService): number => priorities.get(spec.group ?? "") ?? 0;
  return services.toSorted((a, b) => of(b) - of(a) || (a.metadata.name < b.metadata.name ? -1 : 1));
}

export function openApiOf({ services, ask }: OpenApiHost) {
  /** What servers said last of their v3 documents, by the uid of their APIService: they stay known while they do not answer. */
  const indexes = new Map<string, Paths>();
  const specs = new Map<string, { readonly etag: string; readonly document: object }>();
  /** The JSON document, undefined when this server has none. */
  async function json(service: APIService, path: string): Promise<unknown> {
    const { answer, done } = await ask(service, path, { accept: "application/json" });
    try {
      const bytes = await wholeOf(answer);
      return answer.status === 200 ? JSON.parse(new TextDecoder().decode(bytes)) : undefined;
    } finally {
      done();
    }
  }

  /** A server that does not answer says nothing new: its availability is told on its APIService. */
  async function pathsOf(service: APIService): Promise<Paths> {
    const { uid } = service.metadata;
    if (isAvailable(service)) {
      const index = (await json(service, "/openapi/v3").catch(() => undefined)) as { paths?: Paths } | undefined;
      if (index?.paths !== undefined) indexes.set(uid, index.paths);
    }
    return indexes.get(uid) ?? {};
  }

  /** Who is no longer registered is no longer known. */
  function registered(): readonly APIService[] {
    const all = services();
    const uids = new Set(all.map(({ metadata }) => metadata.uid));
    for (const known of [indexes, specs]) for (const uid of known.keys()) if (!uids.has(uid)) known.delete(uid);
    return all;
  }

  async function allPaths(): Promise<(readonly [APIService, Paths])[]> {
    const all = registered();
    return Promise.all(all.map(async (service) => [service, await pathsOf(service)] as const));
  }

  /** Kept until its server has another one; asked for with the hash of what is there. */
  async function specOf(service: APIService): Promise<object | undefined> {
    const { uid } = service.metadata;
    const known = specs.get(uid);
    const { answer, done } = await ask(service, "/openapi/v2", {
      accept: "application/json",
      ...(known === undefined ? {} : { "if-none-match": known.etag }),
    });
    try {
      const bytes = await wholeOf(answer);
      if (answer.status === 304) return known?.document;
      if (answer.status !== 200) return undefined;
      const whole = JSON.parse(new TextDecoder().decode(bytes)) as Specification;
      const document = onlyPaths(whole, (path) => path.startsWith(`/${pathOf(service)}/`));
      const { etag } = answer.headers;
      if (typeof etag === "string") specs.set(uid, { etag, document });
      return document;
    } finally {
      done();
    }
  }

  return {
    async paths(): Promise<Record<string, string>> {
      const found = (await allPaths()).flatMap(([, paths]) => Object.entries(paths));
      return Object.fromEntries(found.map(([path, { serverRelativeURL }]) => [path, serverRelativeURL]));
    },
    async document(path: string, request: ApiRequest): Promise<ApiResponse | undefined> {
      const service =
        services().find((each) => pathOf(each) === path) ??
        (await allPaths()).find(([, paths]) => Object.hasOwn(paths, path))?.[0];
      if (service === undefined) return undefined;
      if (!isAvailable(service)) return unavailable();
      const query = request.query === undefined || request.query.size === 0 ? "" : `?${request.query}`;
      const { accept, "if-none-match": known } = request.headers;
      const { answer, done } = await ask(service, `/openapi/v3/${path}${query}`, {
        accept: accept ?? "application/json",
        ...(known === undefined ? {} : { "if-none-match": known }),
      });
      try {
        return { status: answer.status, headers: answer.headers, bytes: [await wholeOf(answer)] };
      } finally {
        done();
      }
    },
    v2: async (): Promise<object[]> => {
      const ordered = byPriority(registered().filter(isAvailable));
      // As above: the document of all is not kept back by one server.
      const documents = await Promise.all(ordered.map((service) => specOf(service).catch(() => undefined)));
      return documents.filter((each) => each !== undefined);
    },
  };
}
