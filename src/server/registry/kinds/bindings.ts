// POST .../bindings: the same as `pods/{name}/binding` with the name in the body.
import { pods } from "../../../api/index.ts";
import { badRequest } from "../../../machinery/index.ts";
import type { KindHooks } from "../../core.ts";
import { decodeBody, expectedOf } from "../body.ts";
import { createOptions } from "../options.ts";
import { type Binding, bindPod } from "./pods.ts";

export const bindingHooks: KindHooks = {
  subresources: {
    create: async (context, resource) => {
      const options = createOptions(context);
      const body = decodeBody(context, expectedOf(resource, options.fieldValidation)) as Binding;
      if (!body.metadata.name) throw badRequest("name must be provided");
      const at = { ...context, info: { ...context.info, name: body.metadata.name } };
      return bindPod(at, context.core.catalog.of(pods as never), { body, options });
    },
  },
};
