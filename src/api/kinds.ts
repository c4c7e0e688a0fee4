// The one explicit list of kinds. A kind is one folder and one line here (and one in serve.ts).
import type { KubeObject } from "../machinery/index.ts";
import type { KindDefinition } from "./kind.ts";

export const kinds: readonly KindDefinition<KubeObject>[] = [];
