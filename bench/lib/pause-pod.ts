// A pod that does nothing, of the image that every cluster here has.
import type { Pod } from "../../src/api/index.ts";
import type { NewObject } from "../../src/machinery/index.ts";

export const pausePod = (name: string): NewObject<Pod> => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "default" },
  spec: {
    containers: [{ name: "pause", image: "t8s.local/pause:1", imagePullPolicy: "IfNotPresent" }],
    terminationGracePeriodSeconds: 0,
  },
});
