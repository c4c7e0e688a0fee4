// Who decides what users may do: the server's own modes, or what flags and files ask for besides, which is loaded then.
// Upstream: pkg/kubeapiserver/authorizer/config.go.
import { authorizationModes } from "../../../server/index.ts";
import { type AuthorizationMeans, type AuthorizationValues, type Authorizers, modesOf } from "./flags.ts";

/** Of flags that have no problems. Throws FlagError or Error that says what can not be used. */
export async function authorizersOf(values: AuthorizationValues, means: AuthorizationMeans): Promise<Authorizers> {
  const modes = modesOf(values);
  const built = authorizationModes.filter((mode) => modes.includes(mode));
  if (!values["authorization-config"] && built.length === modes.length)
    return { types: new Set(modes), authorizers: modes as readonly (typeof built)[number][] };
  const { moreAuthorizers } = await import("./more.ts");
  return moreAuthorizers(values, means);
}
