// Fields of pods behind gates that are off by default: while its gate is off a field vanishes on the way in, except from an object
// that has it already. Upstream: pkg/api/pod DropDisabledPodFields.
import type { PodSpec, VolumeProjection } from "../../../../facts/types/core.v1.ts";
import type { RuleContext } from "../../kind.ts";
import { noteAllowed } from "./allowed.ts";

interface GatedField {
  readonly gate: string;
  readonly uses: (spec: PodSpec) => boolean;
  readonly drop: (draft: PodSpec) => void;
}

type Gates = Pick<RuleContext, "featureEnabled">;

const projectionsOf = (spec: PodSpec): VolumeProjection[] =>
  (spec.volumes ?? []).flatMap((volume) => volume.projected?.sources ?? []);

const containersOf = ({ containers, initContainers, ephemeralContainers }: PodSpec) => [
  ...(containers ?? []),
  ...(initContainers ?? []),
  ...(ephemeralContainers ?? []),
];

const projection = (gate: string, name: "clusterTrustBundle" | "podCertificate"): GatedField => ({
  gate,
  uses: (spec) => projectionsOf(spec).some((source) => source[name]),
  drop: (draft) => {
    for (const source of projectionsOf(draft)) delete source[name];
  },
});

const gatedFields: readonly GatedField[] = [
  projection("ClusterTrustBundleProjection", "clusterTrustBundle"),
  projection("PodCertificateRequest", "podCertificate"),
  {
    gate: "GenericWorkload",
    uses: (spec) => spec.schedulingGroup !== undefined,
    drop: (draft) => delete draft.schedulingGroup,
  },
  {
    gate: "ContainerStopSignals",
    uses: (spec) => containersOf(spec).some(({ lifecycle }) => lifecycle?.stopSignal !== undefined),
    drop: (draft) => {
      for (const container of containersOf(draft)) {
        if (container.lifecycle?.stopSignal === undefined) continue;
        delete container.lifecycle.stopSignal;
        if (Object.keys(container.lifecycle).length === 0) delete container.lifecycle;
      }
    },
  },
];

/** What has to go from this spec. */
const disabledIn = (spec: PodSpec, old: PodSpec | undefined, { featureEnabled }: Gates): GatedField[] =>
  gatedFields.filter(({ gate, uses }) => uses(spec) && !featureEnabled(gate) && !(old !== undefined && uses(old)));

/** Of a new object: changes the draft in place. */
export function dropDisabledFields(draft: PodSpec | undefined, gates: Gates): void {
  if (draft === undefined) return;
  noteAllowed(draft, undefined, gates);
  for (const { drop } of disabledIn(draft, undefined, gates)) drop(draft);
}

/** Of an update, on an object that may share parts with a frozen one. `old` is what it replaces. */
export function withoutDisabledFields(spec: PodSpec, old: PodSpec | undefined, gates: Gates): PodSpec {
  const disabled = disabledIn(spec, old, gates);
  const copy = disabled.length === 0 ? spec : (JSON.parse(JSON.stringify(spec)) as PodSpec);
  for (const { drop } of disabled) drop(copy);
  noteAllowed(copy, old, gates);
  return copy;
}
