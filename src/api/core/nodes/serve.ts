// How the API server serves Node.
import type { Node } from "../../../../facts/types/core.v1.ts";
import { defineRules } from "../../kind.ts";

export const nodeRules = defineRules<Node>({});
