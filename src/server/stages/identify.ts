// Who asks.
import type { Logger } from "../../base/index.ts";
import { type ApiRequest, type Identity, StatusError, type UserInfo } from "../../machinery/index.ts";
import { InvalidCredentials } from "../authn/credentials.ts";
import type { Authenticated, Authenticator } from "../contract.ts";

const unauthenticatedGroup = "system:unauthenticated";
const authenticatedGroup = "system:authenticated";

export const anonymousUser: UserInfo = { username: "system:anonymous", groups: [unauthenticatedGroup] };

export const isKnown = (user: UserInfo): boolean =>
  !user.groups.includes(unauthenticatedGroup) && user.username !== anonymousUser.username;

export type Identify = (request: ApiRequest, identity: Identity) => Promise<UserInfo>;

/** Who may stay anonymous: everybody, nobody, or who asks for one of these paths. */
export type Anonymous = boolean | readonly string[];

/** Given by the composition, or found by the authenticator, or nobody in particular. Throws StatusError 401. */
export function createIdentify(
  authenticator: Authenticator,
  { anonymous, log }: { readonly anonymous: Anonymous; readonly log: Logger },
): Identify {
  const letsIn = (path: string): boolean => (typeof anonymous === "boolean" ? anonymous : anonymous.includes(path));
  return async (request, identity) => {
    if (identity.kind === "user") return identity.user;
    let found: Authenticated | undefined;
    try {
      found = await authenticator.authenticate(request, identity.peer);
    } catch (error) {
      // The answer does not say why.
      if (error instanceof InvalidCredentials) log.error("Unable to authenticate the request", { error: error.why });
      throw error;
    }
    if (found !== undefined) return withAuthenticated(found.user);
    if (letsIn(request.path)) return anonymousUser;
    throw new StatusError({ code: 401, reason: "Unauthorized", message: "Unauthorized" });
  };
}

/** Everybody who proved who they are is in this group, whatever proved it. */
const withAuthenticated = (user: UserInfo): UserInfo =>
  user.groups.includes(authenticatedGroup) || user.username === anonymousUser.username
    ? user
    : { ...user, groups: [...user.groups, authenticatedGroup] };
