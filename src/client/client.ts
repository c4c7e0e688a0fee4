// The typed client over a Transport. Upstream: client-go's typed clients.
import type { KindDefinition } from "../api/index.ts";
import type { KubeObject, Transport } from "../machinery/index.ts";
import type { Client, ResourceClient } from "./contract.ts";
import { discoverResources, kindOfResource } from "./discovery.ts";
import { createSender, textOf } from "./request.ts";
import { createResourceClient } from "./resource-client.ts";

export interface ClientOptions {
  /** `User-Agent`, and from it the default field manager: the text before the first `/`. */
  readonly userAgent: string;
}

/** The client of one component. Who asks is the transport's matter; what it is called is `options.userAgent`. */
export function createClient(transport: Transport, options: ClientOptions): Client {
  const send = createSender(transport, options.userAgent);
  const known = new Map<KindDefinition, ResourceClient<KubeObject>>();
  return {
    transport,
    of<T extends KubeObject>(kind: KindDefinition<T>): ResourceClient<T> {
      let found = known.get(kind);
      if (found === undefined) {
        found = createResourceClient(send, kind) as ResourceClient<KubeObject>;
        known.set(kind, found);
      }
      return found as ResourceClient<T>;
    },
    dynamic: (resource) => createResourceClient(send, kindOfResource(resource)),
    discover: () => discoverResources(send),
    async raw(path, query) {
      const answer = await send.raw({ method: "GET", path, ...(query ? { query } : {}) });
      return { status: answer.status, text: await textOf(answer) };
    },
  };
}
