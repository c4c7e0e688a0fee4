// A whole API server on a memory store where everybody may do everything: for tests of clients, controllers and the scheduler.
import { type Clock, MetricRegistry, type Rng, seededRng, silentLogger, systemClock } from "../base/index.ts";
import { inProcessTransport, type Transport, type UserInfo } from "../machinery/index.ts";
import { createMemoryStore, type Store } from "../store/index.ts";
import { alwaysAllow } from "./authz/modes.ts";
import { type ApiServer, type ApiServerOptions, createApiServer } from "./server.ts";

export interface TestServer extends ApiServer {
  readonly store: Store;
  /** In process, as a cluster administrator unless another user is named. */
  transport(user?: UserInfo): Transport;
}

const admin: UserInfo = { username: "admin", groups: ["system:masters", "system:authenticated"] };

/** Started; close it at the end of the test. */
export async function testServer(
  options: Partial<ApiServerOptions> & { readonly clock?: Clock; readonly rng?: Rng } = {},
): Promise<TestServer> {
  const clock = options.clock ?? systemClock;
  const store = options.store ?? createMemoryStore({ clock });
  const server = createApiServer({
    store,
    clock,
    rng: seededRng(1),
    log: silentLogger,
    metrics: new MetricRegistry(),
    authenticator: () => ({ authenticate: async () => undefined, authenticateToken: async () => undefined }),
    authorizer: () => alwaysAllow,
    serviceClusterIPRange: "10.96.0.0/16",
    advertise: { address: "192.0.2.1", port: 6443 },
    ...options,
  });
  await server.start();
  return {
    ...server,
    store,
    transport: (user = admin) => inProcessTransport(server.handle, user),
    async close() {
      await server.close();
      if (options.store === undefined) await store.close();
    },
  };
}
