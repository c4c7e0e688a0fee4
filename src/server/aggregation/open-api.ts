// OpenAPI of extension servers: the v3 documents are passed on as they are, the v2 ones handed over for merging.
// Upstream: kube-aggregator's controllers/openapi and openapiv3.
import type { APIService } from "../../api/index.ts";
import type { ApiRequest, ApiResponse } from "../../machinery/index.ts";
import { wholeOf } from "./forward.ts";
import { onlyPaths, type Specification } from "./open-api-merge.ts";

export interface OpenApiHost {
  /** Those that are available. */
  readonly services: () => readonly APIService[];
  readonly ask: (
    service: APIService,
    path: string,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<{ readonly answer: ApiResponse; readonly done: () => void }>;
}

interface Index {
  readonly paths?: Readonly<Record<string, { readonly serverRelativeURL: string }>>;
}

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

  /** A server that does not answer has no document for now: its availability is told on its APIService. */
  async function addressOf(service: APIService): Promise<string | undefined> {
    const index = (await json(service, "/openapi/v3").catch(() => undefined)) as Index | undefined;
    return index?.paths?.[pathOf(service)]?.serverRelativeURL;
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
      const found = await Promise.all(
        services().map(async (service) => [pathOf(service), await addressOf(service)] as const),
      );
      return Object.fromEntries(found.filter((each): each is [string, string] => each[1] !== undefined));
    },
    async document(path: string, request: ApiRequest): Promise<ApiResponse | undefined> {
      const service = services().find((each) => pathOf(each) === path);
      if (service === undefined) return undefined;
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
      const ordered = byPriority(services());
      // As above: the document of all is not kept back by one server.
      const documents = await Promise.all(ordered.map((service) => specOf(service).catch(() => undefined)));
      return documents.filter((each) => each !== undefined);
    },
  };
}
