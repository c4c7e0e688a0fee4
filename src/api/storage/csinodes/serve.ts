// How the API server serves CSINode.
import type { CSINode } from "../../../../facts/types/storage.v1.ts";
import { defineRules } from "../../kind.ts";

export const csiNodeRules = defineRules<CSINode>({});
