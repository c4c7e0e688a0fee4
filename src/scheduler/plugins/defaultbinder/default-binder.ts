// Binds by POST to the pod's binding subresource.
import type { Plugin } from "../../framework.ts";
import type { Handle } from "../../handle.ts";

export const defaultBinder = ({ effects }: Handle): Plugin => ({
  name: "DefaultBinder",
  bind: (pod, nodeName) => effects.bind(pod.pod, nodeName),
});
