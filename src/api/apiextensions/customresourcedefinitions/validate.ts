// Validation of CustomResourceDefinitions. Upstream: apiextensions-apiserver pkg/apis/apiextensions/validation.
import type { CustomResourceDefinition } from "../../../../facts/types/apiextensions.v1.ts";
import type { FieldError } from "../../../machinery/index.ts";

export const validateDefinition = (_object: CustomResourceDefinition): FieldError[] => [];
export const validateDefinitionUpdate = (_object: CustomResourceDefinition, _old: CustomResourceDefinition): FieldError[] => [];
export const validateDefinitionStatus = (_object: CustomResourceDefinition): FieldError[] => [];
export const formatWarnings = (_object: CustomResourceDefinition, _old: CustomResourceDefinition | undefined): string[] => [];
