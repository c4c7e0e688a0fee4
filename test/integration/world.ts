// API server and controllers on a virtual clock: what a controller does is watched without waiting.
import { serviceAccounts } from "../../src/api/index.ts";
import { MetricRegistry, seededRng, silentLogger, VirtualClock } from "../../src/base/index.ts";
import { type Client, createClient } from "../../src/client/index.ts";
import { type ControllerOptions, runControllers } from "../../src/controllers/index.ts";
import { bootstrapRbac, createAuthorizer, testServer } from "../../src/server/index.ts";

export interface World extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly client: Client;
  /** Lets virtual time pass until the check holds (at most two virtual minutes). */
  until(check: () => Promise<boolean>): Promise<void>;
  pass(ms: number): Promise<void>;
  /** The namespace's default account, which admission asks for before it lets a pod in. */
  addAccount(namespace: string): Promise<void>;
}

/** `gates` are turned on, and with them their APIs. Controllers ask with the rights of their accounts' bootstrap roles and no others; `client` may do everything. */
export async function createWorld(
  controllers: readonly string[],
  options: ControllerOptions = {},
  gates: readonly string[] = [],
): Promise<World> {
  const clock = new VirtualClock();
  const rng = seededRng(1);
  let bootstrap = async (): Promise<void> => {};
  const server = await testServer({
    clock,
    rng,
    ...(gates.length === 0
      ? {}
      : {
          featureGates: Object.fromEntries(gates.map((gate) => [gate, true])),
          runtimeConfig: { "api/all": "true" },
        }),
    authorizer: (reader, writer) => {
      bootstrap = () => bootstrapRbac(writer, reader, { featureEnabled: (gate) => gates.includes(gate) });
      return createAuthorizer(["RBAC"], reader);
    },
  });
  await bootstrap();
  const client = createClient(server.transport(), { userAgent: "test" });
  const stop = new AbortController();
  const running = runControllers({
    client: createClient(server.transport(), { userAgent: "controllers" }),
    clock,
    rng,
    log: silentLogger,
    metrics: new MetricRegistry(),
    signal: stop.signal,
    names: controllers,
    options: {
      rootCa: "CERTIFICATE",
      ...(gates.length === 0 ? {} : { featureEnabled: (gate: string) => gates.includes(gate) || undefined }),
      ...options,
    },
    transportOf: (account) =>
      server.transport({
        username: `system:serviceaccount:kube-system:${account}`,
        groups: ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
      }),
  });
  return {
    clock,
    client,
    pass: (ms) => clock.advance(ms),
    async addAccount(namespace) {
      await client
        .of(serviceAccounts)
        .create({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace } });
    },
    async until(check) {
      for (let passedMs = 0; passedMs < 120_000; passedMs += 100) {
        await clock.advance(100);
        if (await check()) return;
      }
      throw new Error("it did not come about in two virtual minutes");
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new Error("the test is over"));
      await clock.advance(0);
      await running;
      await server.close();
    },
  };
}
