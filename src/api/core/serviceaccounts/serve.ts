// How the API server serves ServiceAccount.
import type { ServiceAccount } from "../../../../facts/types/core.v1.ts";
import { defineRules } from "../../kind.ts";

const enforceMountableSecrets = "kubernetes.io/enforce-mountable-secrets";

/** Of references to secrets only the name counts. */
const cleanSecrets = (account: ServiceAccount): void => {
  if (account.secrets !== undefined)
    account.secrets = account.secrets.map(({ name }) => (name === undefined ? {} : { name }));
};

export const serviceAccountRules = defineRules<ServiceAccount>({
  metadataOnUpdate: "both",
  prepareCreate: cleanSecrets,
  prepareUpdate: cleanSecrets,
  warnings: (account, old) =>
    account.metadata.annotations?.[enforceMountableSecrets] !== undefined &&
    old?.metadata.annotations?.[enforceMountableSecrets] === undefined
      ? [
          `metadata.annotations[${enforceMountableSecrets}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
        ]
      : [],
});
