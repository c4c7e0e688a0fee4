// PodCertificateRequests: whether the user of a status update may sign is found out here, and judged with the rest of the update.
// Upstream: pkg/registry/certificates/podcertificaterequest StatusStrategy.
import type { PodCertificateRequest } from "../../../api/index.ts";
import { noteSigner } from "../../../api/serve.ts";
import type { Authorizer } from "../../contract.ts";
import type { KindHooks, Reservation } from "../../core.ts";
import { maySpeakFor } from "../../signers.ts";

const nothing: Reservation = { commit: () => {}, rollback: () => {} };

export const podCertificateRequestHooks = (host: { readonly authorize: Authorizer["authorize"] }): KindHooks => ({
  async beginUpdate(draft, old, { info, user }) {
    if (info.subresource !== "status") return nothing;
    const signer = (old as PodCertificateRequest).spec.signerName;
    noteSigner(draft, await maySpeakFor(host, { user, verb: "sign", signer }));
    return nothing;
  },
});
