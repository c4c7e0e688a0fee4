// Writes into the status of each ValidatingAdmissionPolicy what type checking finds in its expressions.
// Upstream: pkg/controller/validatingadmissionpolicystatus.
import { kinds, validatingAdmissionPolicies } from "../../api/index.ts";
import type { DynamicResource } from "../../client/index.ts";
import { type ControllerContext, newQueue, runLoop, watch } from "../lib/index.ts";
import { expressionWarnings } from "./check.ts";
import { schemaOf } from "./schemas.ts";

const name = "validatingadmissionpolicy-status";

export async function runValidatingAdmissionPolicyStatus(context: ControllerContext): Promise<void> {
  const { client } = context;
  const queue = newQueue(context, name);
  const informer = watch(context, validatingAdmissionPolicies, {
    add: ({ metadata }) => queue.add(metadata.name),
    update: (_, { metadata }) => queue.add(metadata.name),
  });
  await runLoop(context, {
    queue,
    informers: [informer],
    reconcile: async (key) => {
      const policy = informer.get("", key);
      if (policy === undefined) return;
      const { generation = 0 } = policy.metadata;
      if (generation <= (policy.status?.observedGeneration ?? 0)) return;
      const found = await expressionWarnings(policy, {
        resources: await resourcesFor(context),
        schemaOf: (kind) => schemaOf(client, kind),
      });
      const status = {
        observedGeneration: generation,
        typeChecking: found.length === 0 ? {} : { expressionWarnings: found },
      };
      const body = { apiVersion: policy.apiVersion, kind: policy.kind, metadata: { name: key }, status };
      await client
        .of(validatingAdmissionPolicies)
        .patch({ name: key }, body, { type: "apply", subresource: "status", fieldManager: name, force: true });
    },
  });
}

/** Built-in kinds of all versions, and whatever else is served. */
async function resourcesFor({ client }: ControllerContext): Promise<readonly DynamicResource[]> {
  const known = new Set(kinds.map((kind) => `${kind.group}/${kind.version}/${kind.resource}`));
  const others = (await client.discover()).filter(
    ({ group, version, resource }) => !known.has(`${group}/${version}/${resource}`),
  );
  return [...kinds, ...others];
}
