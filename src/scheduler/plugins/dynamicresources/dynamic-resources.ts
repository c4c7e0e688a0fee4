// The place of dynamic resource allocation. Claims are not allocated yet: a pod that has some is unschedulable and told so.
// A pod without claims passes, and its failures carry the text that upstream's plugin adds to every one of them.
import type { Pod } from "../../../api/index.ts";
import { type Diagnosis, failed, type Plugin, reject, skip, unresolvable, unschedulable } from "../../framework.ts";

const name = "DynamicResources";
const nothingToDo = unschedulable(name, "no new claims to deallocate");
/** Filters in front of this one rejected the pod before this plugin saw it; upstream reports its missing state so. */
const unseen = failed(name, "not found");

const hasClaims = (pod: Pod): boolean => (pod.spec?.resourceClaims?.length ?? 0) > 0;

export const dynamicResources = (): Plugin => ({
  name,
  filter: (info) =>
    hasClaims(info.pod)
      ? reject(unresolvable(name, "pod has resource claims, which this scheduler does not allocate yet"))
      : skip,
  postFilter: (_info, _run, diagnosis: Diagnosis) => ({
    status: diagnosis.preFilterMessage !== "" && !isMine(diagnosis) ? unseen : nothingToDo,
  }),
});

const isMine = (diagnosis: Diagnosis): boolean => diagnosis.unschedulablePlugins.has(name);
