// Which tolerations cover others. Upstream: pkg/util/tolerations.
import type { Toleration } from "../../../api/index.ts";
import { deepEqual } from "../../../machinery/index.ts";

/** True when whatever `inner` tolerates `outer` tolerates too. */
function covers(outer: Toleration, inner: Toleration): boolean {
  if (deepEqual(outer, inner)) return true;
  const exists = outer.operator === "Exists";
  if ((inner.key ?? "") !== (outer.key ?? "") && ((outer.key ?? "") !== "" || !exists)) return false;
  if ((inner.effect ?? "") !== (outer.effect ?? "") && (outer.effect ?? "") !== "") return false;
  if (outer.effect === "NoExecute" && outer.tolerationSeconds !== undefined)
    if (inner.tolerationSeconds === undefined || inner.tolerationSeconds > outer.tolerationSeconds) return false;
  if (exists) return true;
  const equal = (outer.operator ?? "Equal") === "Equal";
  return equal && inner.operator === "Equal" && (inner.value ?? "") === (outer.value ?? "");
}

/** Both lists without what another one covers; of two equal ones the first stays. */
export function mergeTolerations(first: readonly Toleration[], second: readonly Toleration[]): Toleration[] {
  const all = [...first, ...second];
  const merged: Toleration[] = [];
  for (const [index, each] of all.entries()) {
    const redundant =
      merged.some((kept) => covers(kept, each)) ||
      all.slice(index + 1).some((later) => !deepEqual(each, later) && covers(later, each));
    if (!redundant) merged.push(each);
  }
  return merged;
}

/** True when each toleration is covered by one of the list, or when the list is empty. */
export const allAllowed = (tolerations: readonly Toleration[], allowed: readonly Toleration[]): boolean =>
  allowed.length === 0 || tolerations.every((each) => allowed.some((outer) => covers(outer, each)));
