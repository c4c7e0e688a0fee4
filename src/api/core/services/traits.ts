// What a service's spec implies. Pure; the server's allocators ask here too.
import type { Service } from "../../../../facts/types/core.v1.ts";

type Spec = NonNullable<Service["spec"]>;

export const isHeadless = (spec: Spec): boolean => spec.clusterIPs?.length === 1 && spec.clusterIPs[0] === "None";
export const needsClusterIP = ({ type }: Spec): boolean => type !== "ExternalName";
export const isExternallyAccessible = (spec: Spec): boolean =>
  spec.type === "LoadBalancer" ||
  spec.type === "NodePort" ||
  (spec.type === "ClusterIP" && (spec.externalIPs?.length ?? 0) > 0);
export const needsHealthCheck = (spec: Spec): boolean =>
  spec.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local";
export const mayHaveNodePorts = ({ type }: Spec): boolean => type === "NodePort" || type === "LoadBalancer";
