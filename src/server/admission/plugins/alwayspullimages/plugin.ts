// Every image is pulled anew, so that nobody runs a private image that somebody else pulled.
import { type Pod, pods } from "../../../../api/index.ts";
import type { AdmissionPlugin } from "../../../contract.ts";
import { draftOf, isMain } from "../../framework.ts";

export const createAlwaysPullImages = (): AdmissionPlugin => ({
  name: "AlwaysPullImages",
  handles: (attributes) =>
    (attributes.operation === "CREATE" || attributes.operation === "UPDATE") && isMain(attributes, pods),
  admit(attributes) {
    const { spec } = draftOf<Pod>(attributes);
    for (const container of [
      ...(spec?.initContainers ?? []),
      ...(spec?.containers ?? []),
      ...(spec?.ephemeralContainers ?? []),
    ])
      container.imagePullPolicy = "Always";
  },
});
