// Every image is pulled anew, so that nobody runs a private image that somebody else pulled.
// Upstream: plugin/pkg/admission/alwayspullimages.
import { type Pod, type PodSpec, pods } from "../../../../api/index.ts";
import { StatusError } from "../../../../machinery/index.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../../../contract.ts";
import { aggregate, draftOf, refuse } from "../../framework.ts";
import { isWrite } from "../../lib/writes.ts";

const containersOf = (spec: PodSpec | undefined) =>
  (["initContainers", "containers", "ephemeralContainers"] as const).flatMap((list) =>
    (spec?.[list] ?? []).map((container, index) => ({ container, path: `spec.${list}[${index}]` })),
  );

/** Other updates leave old pods as they are. */
function bringsImages({ operation, object, oldObject }: AdmissionAttributes): boolean {
  if (operation !== "UPDATE") return true;
  const images = (pod: Pod): (string | undefined)[] => containersOf(pod.spec).map(({ container }) => container.image);
  const had = new Set(images(oldObject as Pod));
  return images(object as Pod).some((image) => !had.has(image));
}

export const createAlwaysPullImages = (): AdmissionPlugin => ({
  name: "AlwaysPullImages",
  handles: (attributes) => isWrite(attributes, pods) && bringsImages(attributes),
  admit(attributes) {
    const { spec } = draftOf<Pod>(attributes);
    for (const { container } of containersOf(spec)) container.imagePullPolicy = "Always";
    for (const volume of spec?.volumes ?? []) if (volume.image !== undefined) volume.image.pullPolicy = "Always";
  },
  validate(attributes) {
    const { spec } = draftOf<Pod>(attributes);
    const wrong = [
      ...containersOf(spec).map(({ container, path }) => ({
        path: `${path}.imagePullPolicy`,
        policy: container.imagePullPolicy,
      })),
      ...(spec?.volumes ?? []).flatMap(({ image }, index) =>
        image === undefined ? [] : [{ path: `spec.volumes[${index}].image.pullPolicy`, policy: image.pullPolicy }],
      ),
    ].filter(({ policy }) => policy !== "Always");
    if (wrong.length === 0) return;
    const texts = wrong.map(
      ({ path, policy }) =>
        refuse(attributes, `${path}: Unsupported value: ${JSON.stringify(policy ?? "")}: supported values: "Always"`)
          .message,
    );
    throw new StatusError({ code: 500, message: aggregate(texts) });
  },
});
