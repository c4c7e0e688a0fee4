// /healthz, /livez, /readyz with named checks. Upstream: apiserver's server/healthz.
import { errorText } from "../base/index.ts";
import type { DocumentRoute } from "./documents/documents.ts";
import { textResponse } from "./documents/documents.ts";

export interface HealthCheck {
  readonly name: string;
  /** Throws with the reason. */
  check(): Promise<void> | void;
}

export interface HealthChecks {
  readonly healthz: readonly HealthCheck[];
  readonly livez: readonly HealthCheck[];
  readonly readyz: readonly HealthCheck[];
}

export function healthRoutes(checks: HealthChecks): DocumentRoute[] {
  return (["healthz", "livez", "readyz"] as const).flatMap((endpoint): DocumentRoute[] => {
    const list = checks[endpoint];
    return [
      {
        path: `/${endpoint}`,
        handler: async ({ query }) => {
          const excluded = new Set(query.getAll("exclude"));
          const unmatched = [...excluded].filter((name) => !list.some((each) => each.name === name)).sort();
          return answer(endpoint, { results: await run(list, excluded), unmatched }, query.has("verbose"));
        },
      },
      ...list.map(
        (each): DocumentRoute => ({
          path: `/${endpoint}/${each.name}`,
          handler: async () => {
            const [result] = await run([each], new Set());
            return result!.error === undefined
              ? { ...textResponse(200, "ok"), headers: { "content-type": "text/plain; charset=utf-8" } }
              : textResponse(500, `internal server error: ${result!.error}\n`);
          },
        }),
      ),
    ];
  });
}

interface Result {
  readonly name: string;
  readonly excluded: boolean;
  readonly error: string | undefined;
}

export async function run(list: readonly HealthCheck[], excluded: ReadonlySet<string>): Promise<Result[]> {
  return Promise.all(
    list.map(async (each): Promise<Result> => {
      if (excluded.has(each.name)) return { name: each.name, excluded: true, error: undefined };
      try {
        await each.check();
        return { name: each.name, excluded: false, error: undefined };
      } catch (error) {
        return { name: each.name, excluded: false, error: errorText(error) };
      }
    }),
  );
}

function answer(
  endpoint: string,
  { results, unmatched }: { readonly results: readonly Result[]; readonly unmatched: readonly string[] },
  verbose: boolean,
): ReturnType<typeof textResponse> {
  const failed = results.filter((result) => result.error !== undefined);
  if (failed.length === 0 && !verbose) return textResponse(200, "ok");
  const lines = results.map((result): string =>
    result.excluded
      ? `[+]${result.name} excluded: ok`
      : result.error === undefined
        ? `[+]${result.name} ok`
        : `[-]${result.name} failed: reason withheld`,
  );
  if (unmatched.length > 0) {
    const names = unmatched.map((name) => JSON.stringify(name)).join(",");
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names}`);
  }
  const text = `${lines.join("\n")}\n`;
  return failed.length === 0
    ? textResponse(200, `${text}${endpoint} check passed\n`)
    : textResponse(500, `${text}${endpoint} check failed\n`);
}
