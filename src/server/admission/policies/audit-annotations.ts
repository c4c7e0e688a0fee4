// Annotations that a policy leaves in the audit event. Upstream: policy/validating/dispatcher.go auditAnnotationCollector.
import type { AdmissionAttributes } from "../../contract.ts";

const mostBytes = 10 * 1024;

/** Values of one key from several bindings and parameters are joined, each once. */
export function collectAnnotations(policy: string, attributes: AdmissionAttributes) {
  const values = new Map<string, Set<string>>();
  return {
    add(key: string, value: string): void {
      const own = values.get(key) ?? new Set();
      own.add(cut(value));
      values.set(key, own);
    },
    publish(): void {
      for (const [key, own] of values) attributes.annotate(`${policy}/${key}`, [...own].join(", "));
    },
  };
}

const cut = (value: string): string => {
  const bytes = new TextEncoder().encode(value);
  return bytes.length <= mostBytes ? value : new TextDecoder().decode(bytes.subarray(0, mostBytes));
};
