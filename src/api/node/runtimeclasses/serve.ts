// How the API server serves RuntimeClass.
import type { RuntimeClass } from "../../../../facts/types/node.v1.ts";
import { defineRules } from "../../kind.ts";

export const runtimeClassRules = defineRules<RuntimeClass>({});
