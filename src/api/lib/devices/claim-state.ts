// One word for what became of a claim, as `kubectl get` shows it. Upstream: pkg/printers/internalversion.
import type { ResourceClaimStatus } from "../../../../facts/types/resource.v1.ts";
import type { ObjectMeta } from "../../../machinery/index.ts";

export function claimState({ metadata, status }: { metadata: ObjectMeta; status?: ResourceClaimStatus }): string {
  const deleted = metadata.deletionTimestamp !== undefined;
  const states: string[] = deleted ? ["deleted"] : [];
  if (status?.allocation) {
    states.push("allocated");
    if ((status.reservedFor?.length ?? 0) > 0) states.push("reserved");
  } else if (!deleted) states.push("pending");
  return states.join(",");
}
