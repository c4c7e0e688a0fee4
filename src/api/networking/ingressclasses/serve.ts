// How the API server serves IngressClass.
import type { IngressClass } from "../../../../facts/types/networking.v1.ts";
import { defineRules } from "../../kind.ts";

export const ingressClassRules = defineRules<IngressClass>({});
