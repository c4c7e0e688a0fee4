// ServiceAccounts: `/token` is answered by who holds the signing key.

import { serviceAccounts } from "../../../api/index.ts";
import type { Clock } from "../../../base/index.ts";
import { notFound, notImplemented } from "../../../machinery/index.ts";
import type { Authorizer, ObjectReader } from "../../contract.ts";
import type { VirtualKind } from "../../virtual.ts";
import { decodeBody } from "../body.ts";
import type { KindHooks } from "../hooks.ts";
import { writeOptions } from "../options.ts";

const tokenGvk = { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" };

export const tokenHooks = (
  host: {
    readonly reader: ObjectReader;
    readonly clock: Clock;
    readonly tokenRequests: { create?: VirtualKind["create"] };
  },
  authorizer: () => Authorizer | undefined,
): KindHooks => ({
  returnsDeleted: true,
  subresources: {
    token: async (context, resource) => {
      const { create } = host.tokenRequests;
      const authorize = authorizer();
      if (create === undefined || authorize === undefined) throw notImplemented("serviceaccounts/token");
      const options = writeOptions(context, "CreateOptions");
      const expected = { gvk: tokenGvk, schema: resource.schemas.ofKind(tokenGvk), schemas: resource.schemas };
      const body = decodeBody(context, { ...expected, fieldValidation: options.fieldValidation });
      const { namespace, name } = context.info;
      if ((await host.reader.getFresh(serviceAccounts, namespace, name)) === undefined)
        throw notFound(resource.groupResource, name);
      body.metadata.name ||= name;
      body.metadata.namespace ||= namespace;
      const { core, user } = context;
      const attributes = core.admission.attributes(context, resource, {
        operation: "CREATE",
        object: body,
        options: options.raw,
        dryRun: options.dryRun,
        bodyKind: tokenGvk,
        subresource: "token",
      });
      await core.admission.admit(attributes);
      await core.admission.validate(attributes);
      const value = await create(body, {
        user,
        namespace,
        authorizer: authorize,
        reader: host.reader,
        clock: host.clock,
      });
      return { type: "value", status: 201, value };
    },
  },
});
