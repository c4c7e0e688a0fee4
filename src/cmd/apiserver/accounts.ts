// Transports in the name of ServiceAccounts of kube-system, as --use-service-account-credentials asks for: each account is made when
// it is missing and asks with short-lived tokens of its own. Upstream: controller/clientbuilder.DynamicControllerClientBuilder.
import { serviceAccounts } from "../../api/index.ts";
import type { Clock } from "../../base/index.ts";
import type { Client } from "../../client/index.ts";
import { isAlreadyExists, isNotFound, type Transport } from "../../machinery/index.ts";

export interface AccountTransportsOptions {
  /** May create ServiceAccounts and their tokens. */
  readonly client: Client;
  /** Without credentials; shared by all accounts. */
  readonly bare: Transport;
  readonly clock: Clock;
}

interface Token {
  readonly text: string;
  readonly renewMs: number;
}

const namespace = "kube-system";
const lifetimeSeconds = 3600;

export function accountTransports({ client, bare, clock }: AccountTransportsOptions): (account: string) => Transport {
  return (account) => {
    let current: Promise<Token> | undefined;
    const token = async (): Promise<string> => {
      current ??= issueToken(client, account, clock);
      const asked = current;
      try {
        const known = await asked;
        if (clock.now() < known.renewMs) return known.text;
      } catch (error) {
        if (current === asked) current = undefined;
        throw error;
      }
      if (current === asked) current = undefined;
      return token();
    };
    return {
      async request(request) {
        const used = await token();
        const headers = { ...request.headers, authorization: `Bearer ${used}` };
        const response = await bare.request({ ...request, headers });
        // The account was made anew, or the keys have changed: the next request asks for another token.
        if (response.status === 401) current = undefined;
        return response;
      },
      close: () => {},
    };
  };
}

async function issueToken(client: Client, account: string, clock: Clock): Promise<Token> {
  const accounts = client.of(serviceAccounts);
  const name = { namespace, name: account };
  const ask = (): Promise<{ readonly status: { readonly token: string; readonly expirationTimestamp: string } }> =>
    accounts.createSubresource(name, "token", {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      metadata: {},
      spec: { expirationSeconds: lifetimeSeconds },
    });
  const { status } = await ask().catch(async (error: unknown) => {
    if (!isNotFound(error)) throw error;
    try {
      await accounts.create({ apiVersion: "v1", kind: "ServiceAccount", metadata: name });
    } catch (failed) {
      // Another process of the same account was faster.
      if (!isAlreadyExists(failed)) throw failed;
    }
    return ask();
  });
  const nowMs = clock.now();
  // Renewed with a fifth of the life left, so that a slow server has time to answer.
  return { text: status.token, renewMs: nowMs + (Date.parse(status.expirationTimestamp) - nowMs) * 0.8 };
}
