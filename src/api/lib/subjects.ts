// Who a role binding names, as `kubectl get -o wide` prints it.
import type { Subject } from "../../../facts/types/rbac.v1.ts";

const named = (subjects: readonly Subject[] | undefined, kind: string, text: (subject: Subject) => string): string =>
  (subjects ?? [])
    .filter((each) => each.kind === kind)
    .map(text)
    .join(", ");

export const userCells = (subjects: readonly Subject[] | undefined): string =>
  named(subjects, "User", ({ name }) => name);
export const groupCells = (subjects: readonly Subject[] | undefined): string =>
  named(subjects, "Group", ({ name }) => name);
export const serviceAccountCells = (subjects: readonly Subject[] | undefined): string =>
  named(subjects, "ServiceAccount", ({ namespace = "", name }) => `${namespace}/${name}`);
