// How the API server serves ResourceSlice of v1beta1: by the rules of v1, on its form.
import { sliceForms } from "../../lib/devices/beta-form.ts";
import { rulesThroughStored } from "../../lib/other-version.ts";
import { resourceSliceRules } from "../resourceslices/serve.ts";

export const resourceSliceV1beta1Rules = rulesThroughStored(resourceSliceRules, sliceForms);
