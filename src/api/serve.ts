// The rules by which the API server serves each kind of kinds.ts. For `server` alone: clients do not pull this in.
import type { ServedKind } from "./kind.ts";

export const servedKinds: readonly ServedKind[] = [];
