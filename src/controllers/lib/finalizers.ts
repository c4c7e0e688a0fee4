// Finalizers that keep what is in use. Upstream: pkg/controller/util/protectionutil (volume/protectionutil).
import type { KubeObject } from "../../machinery/index.ts";

/** A live object should have the finalizer, a deleted one may lose it once nothing uses it. */
export function protectionStep(object: KubeObject, finalizer: string): "add" | "remove" | "none" {
  const has = object.metadata.finalizers?.includes(finalizer) ?? false;
  if (object.metadata.deletionTimestamp === undefined) return has ? "none" : "add";
  return has ? "remove" : "none";
}

export function withFinalizer<T extends KubeObject>(object: T, finalizer: string, step: "add" | "remove"): T {
  const others = (object.metadata.finalizers ?? []).filter((each) => each !== finalizer);
  const finalizers = step === "add" ? [...others, finalizer] : others;
  return { ...object, metadata: { ...object.metadata, finalizers } };
}
