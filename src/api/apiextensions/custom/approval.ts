// Groups of the Kubernetes community need an approval to be used. Upstream: pkg/apihelpers/helpers.go, KEP-1111.

export const approvalAnnotation = "api-approved.kubernetes.io";

export interface Approval {
  readonly state: "missing" | "bypassed" | "approved" | "invalid";
  readonly reason: string;
}

export const isProtectedGroup = (group: string): boolean =>
  group === "k8s.io" || group.endsWith(".k8s.io") || group === "kubernetes.io" || group.endsWith(".kubernetes.io");

export function approvalOf(annotations: Readonly<Record<string, string>> | undefined): Approval {
  const annotation = annotations?.[approvalAnnotation] ?? "";
  const protectedText = `protected groups must have approval annotation ${JSON.stringify(approvalAnnotation)}`;
  const document = "see https://github.com/kubernetes/enhancements/pull/1111";
  if (annotation === "") return { state: "missing", reason: `${protectedText}, ${document}` };
  if (annotation.startsWith("unapproved"))
    return { state: "bypassed", reason: `not approved: ${JSON.stringify(annotation)}` };
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]+/.test(annotation))
    return { state: "approved", reason: `approved in ${annotation}` };
  return {
    state: "invalid",
    reason: `${protectedText} with either a URL or a reason starting with "unapproved", ${document}`,
  };
}
