// Rights over signers of certificates: one by name, or all of its domain. Upstream: plugin/pkg/admission/certificates/util.go.
import type { UserInfo } from "../machinery/index.ts";
import type { Authorizer } from "./contract.ts";

interface Asked {
  readonly user: UserInfo;
  /** approve, sign or attest. */
  readonly verb: string;
  readonly signer: string;
}

export async function maySpeakFor(
  authorizer: Pick<Authorizer, "authorize">,
  { user, verb, signer }: Asked,
): Promise<boolean> {
  for (const name of [signer, `${signer.split("/", 1)[0]}/*`]) {
    const { decision } = await authorizer.authorize({
      ...{ user, verb, name },
      ...{ group: "certificates.k8s.io", version: "*", resource: "signers", subresource: "" },
      ...{ resourceRequest: true, namespace: "", path: "" },
    });
    if (decision === "allow") return true;
  }
  return false;
}
