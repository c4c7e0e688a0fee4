// What operations on built-in kinds speak besides, where the feature gate CBORServingAndStorage is on.
// Upstream: the serializers of endpoints/installer.go; custom resources' documents do not mention it.
import type { Operation } from "./operation.ts";

/** The media type that stands behind another one. */
const behind: Readonly<Record<string, string>> = {
  "application/vnd.kubernetes.protobuf": "application/cbor",
  "application/vnd.kubernetes.protobuf;stream=watch": "application/cbor-seq",
  "application/apply-patch+yaml": "application/apply-patch+cbor",
};

const extended = (types: readonly string[]): readonly string[] =>
  types.flatMap((type) => (behind[type] === undefined ? [type] : [type, behind[type]]));

export function withCbor(operation: Operation): Operation {
  const { consumes, produces } = operation;
  // Custom resources have no protobuf, and no CBOR here.
  if (!produces.includes("application/vnd.kubernetes.protobuf")) return operation;
  return {
    ...operation,
    ...(consumes === undefined ? {} : { consumes: extended(consumes) }),
    produces: extended(produces),
  };
}
