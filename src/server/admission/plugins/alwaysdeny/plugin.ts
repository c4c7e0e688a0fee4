// Refuses everything: for tests of clients. Upstream: plugin/pkg/admission/deny.
import type { AdmissionAttributes, AdmissionPlugin } from "../../../contract.ts";
import { refuse } from "../../framework.ts";

const deny = (attributes: AdmissionAttributes): never => {
  throw refuse(attributes, "admission control is denying all modifications");
};

export const createAlwaysDeny = (): AdmissionPlugin => ({
  name: "AlwaysDeny",
  handles: () => true,
  admit: deny,
  validate: deny,
});
