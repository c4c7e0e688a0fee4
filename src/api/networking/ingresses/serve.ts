// How the API server serves Ingress.
import type { Ingress } from "../../../../facts/types/networking.v1.ts";
import { defineRules } from "../../kind.ts";

export const ingressRules = defineRules<Ingress>({});
