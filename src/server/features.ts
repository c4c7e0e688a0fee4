// Feature gates: upstream's defaults with what the operator has set.

/** Gates that are off unless asked for. All others that the server asks about are on, as in v1.36. */
const offByDefault: ReadonlySet<string> = new Set(["HPAScaleToZero", "GenericWorkload", "WorkloadWithJob", "AllAlpha"]);

export function featureGates(set: Readonly<Record<string, boolean>>): (gate: string) => boolean {
  return (gate) => set[gate] ?? (set["AllAlpha"] === true || !offByDefault.has(gate));
}
