// Conditions that plugins share: which writes of which kind they look at.
import type { AdmissionAttributes } from "../../contract.ts";
import { isMain } from "../framework.ts";

/** Creates and updates of the kind itself, not of its subresources. */
export const isWrite = (
  attributes: AdmissionAttributes,
  kind: { readonly group: string; readonly resource: string },
): boolean => (attributes.operation === "CREATE" || attributes.operation === "UPDATE") && isMain(attributes, kind);
