// Config maps and secrets that pods of this node refer to. Errors have upstream's texts (`configmap "x" not found`).
import { configMaps, secrets } from "../api/index.ts";
import type { Client } from "../client/index.ts";
import { AbsentError, type ReferencedObjects } from "./env/environment.ts";

export function createReferencedObjects(client: Client): ReferencedObjects {
  return {
    async configMap(namespace, name) {
      const found = await client.of(configMaps).find({ namespace, name });
      if (found === undefined) throw new AbsentError(`configmap ${JSON.stringify(name)} not found`);
      return found;
    },
    async secret(namespace, name) {
      const found = await client.of(secrets).find({ namespace, name });
      if (found === undefined) throw new AbsentError(`secret ${JSON.stringify(name)} not found`);
      return found;
    },
  };
}
