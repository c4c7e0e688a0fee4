// Which users are nodes.
import type { UserInfo } from "../../machinery/index.ts";

const prefix = "system:node:";

/** The node that a user is; "" for a node without a name, undefined for everybody else. Upstream: pkg/auth/nodeidentifier. */
export const nodeNameOf = (user: UserInfo): string | undefined =>
  user.username.startsWith(prefix) && user.groups.includes("system:nodes")
    ? user.username.slice(prefix.length)
    : undefined;
