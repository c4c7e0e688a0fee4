// ServiceAccounts: `/token` is answered by who holds the signing key.
import type { TokenRequest } from "../../../api/index.ts";
import { notImplemented } from "../../../machinery/index.ts";
import { warn } from "../../context.ts";
import type { KindHooks } from "../../core.ts";
import { decodeBody } from "../body.ts";
import { createOptions } from "../options.ts";
import { matchNamespace, trackFields } from "../prepare.ts";

const tokenGvk = { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" };

export interface TokenInput {
  readonly namespace: string;
  /** Of the ServiceAccount. */
  readonly name: string;
  readonly body: TokenRequest;
  /** Validating admission of the body as it is then. */
  validate(): Promise<void>;
  warn(text: string): void;
  annotate(key: string, value: string): void;
}

export type TokenIssue = (input: TokenInput) => Promise<TokenRequest>;

export const tokenHooks = (host: { readonly tokenRequests: { issue?: TokenIssue } }): KindHooks => ({
  returnsDeleted: true,
  subresources: {
    token: async (context, resource) => {
      const { issue } = host.tokenRequests;
      if (issue === undefined) throw notImplemented("serviceaccounts/token");
      const options = createOptions(context);
      const expected = { gvk: tokenGvk, schema: resource.schemas.ofKind(tokenGvk), schemas: resource.schemas };
      const body = decodeBody(context, { ...expected, fieldValidation: options.fieldValidation });
      const { core, info } = context;
      const { namespace, name } = info;
      const draft = body as TokenRequest;
      matchNamespace(context, resource, draft);
      draft.spec = { ...draft.spec, expirationSeconds: draft.spec?.expirationSeconds ?? 3600 };
      const described = { ...resource, schema: expected.schema };
      trackFields(context, described, { draft, old: undefined, manager: options.fieldManager, subresource: "token" });
      const attributes = core.admission.attributes(context, resource, {
        operation: "CREATE",
        object: body,
        options: options.raw,
        dryRun: options.dryRun,
        bodyKind: tokenGvk,
        subresource: "token",
      });
      await core.admission.admit(attributes);
      const value = await issue({
        namespace,
        name,
        body: draft,
        validate: () => core.admission.validate(attributes),
        warn: (text) => warn(context, text),
        annotate: (key, text) => context.annotations.set(key, text),
      });
      return { type: "value", status: 201, value };
    },
  },
});
