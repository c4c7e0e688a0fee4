// How the API server serves StorageClass.
import type { StorageClass } from "../../../../facts/types/storage.v1.ts";
import { defineRules } from "../../kind.ts";

export const storageClassRules = defineRules<StorageClass>({});
