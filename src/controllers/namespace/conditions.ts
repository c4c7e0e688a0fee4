// What a namespace says while it is being emptied. Texts are upstream's: clients and people wait for them.
// Upstream: pkg/controller/namespace/deletion/status_condition_utils.go.
import type { NamespaceCondition } from "../../api/index.ts";

export interface Findings {
  /** Error of discovery, and how many groups it left out. */
  readonly discoveryFailure?: string;
  readonly deletionErrors: readonly string[];
  /** `configmaps.` or `deployments.apps` → objects left. */
  readonly remaining: ReadonlyMap<string, number>;
  /** Finalizer → objects that have it. */
  readonly finalizers: ReadonlyMap<string, number>;
}

const counted = (counts: ReadonlyMap<string, number>, word: string): string =>
  [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${name} ${word} ${count} resource instances`)
    .join(", ");

export function namespaceConditions(
  findings: Findings,
  before: readonly NamespaceCondition[],
  now: string,
): NamespaceCondition[] {
  const condition = (type: string, failed: boolean, reason: string, message: string): NamespaceCondition => {
    const status = failed ? "True" : "False";
    const earlier = before.find((each) => each.type === type);
    const same = earlier?.status === status && earlier.reason === reason && earlier.message === message;
    return same ? earlier : { type, status, lastTransitionTime: now, reason, message };
  };
  const { discoveryFailure, deletionErrors, remaining, finalizers } = findings;
  const own = [
    discoveryFailure === undefined
      ? condition(
          "NamespaceDeletionDiscoveryFailure",
          false,
          "ResourcesDiscovered",
          "All resources successfully discovered",
        )
      : condition(
          "NamespaceDeletionDiscoveryFailure",
          true,
          "DiscoveryFailed",
          `Discovery failed for some groups, 1 failing: ${discoveryFailure}`,
        ),
    condition(
      "NamespaceDeletionGroupVersionParsingFailure",
      false,
      "ParsedGroupVersions",
      "All legacy kube types successfully parsed",
    ),
    deletionErrors.length === 0
      ? condition(
          "NamespaceDeletionContentFailure",
          false,
          "ContentDeleted",
          "All content successfully deleted, may be waiting on finalization",
        )
      : condition(
          "NamespaceDeletionContentFailure",
          true,
          "ContentDeletionFailed",
          `Failed to delete all resource types, ${deletionErrors.length} remaining: ${deletionErrors.join(", ")}`,
        ),
    remaining.size === 0
      ? condition("NamespaceContentRemaining", false, "ContentRemoved", "All content successfully removed")
      : condition(
          "NamespaceContentRemaining",
          true,
          "SomeResourcesRemain",
          `Some resources are remaining: ${counted(remaining, "has")}`,
        ),
    finalizers.size === 0
      ? condition(
          "NamespaceFinalizersRemaining",
          false,
          "ContentHasNoFinalizers",
          "All content-preserving finalizers finished",
        )
      : condition(
          "NamespaceFinalizersRemaining",
          true,
          "SomeFinalizersRemain",
          `Some content in the namespace has finalizers remaining: ${counted(finalizers, "in")}`,
        ),
  ];
  return [...before.filter((each) => !own.some((mine) => mine.type === each.type)), ...own];
}
