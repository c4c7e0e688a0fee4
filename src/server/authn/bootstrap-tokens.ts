// Bootstrap tokens: `id.secret`, kept as Secrets in kube-system, for nodes that join.
// Upstream: plugin/pkg/auth/authenticator/token/bootstrap.

import { secrets } from "../../api/index.ts";
import type { Clock, Logger } from "../../base/index.ts";
import { parseTime } from "../../machinery/index.ts";
import type { ObjectReader } from "../contract.ts";
import type { TokenCheck } from "./credentials.ts";

const tokenPattern = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const groupPattern = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

export function bootstrapTokens(options: {
  readonly reader: ObjectReader;
  readonly clock: Clock;
  readonly log: Logger;
}): TokenCheck {
  return async (token) => {
    const [, id, secretPart] = tokenPattern.exec(token) ?? [];
    if (id === undefined || secretPart === undefined) return undefined;
    const secret = options.reader.get(secrets, "kube-system", `bootstrap-token-${id}`);
    if (secret === undefined || secret.metadata.deletionTimestamp !== undefined) return undefined;
    if (secret.type !== "bootstrap.kubernetes.io/token") return undefined;
    const value = (key: string): string => atob(secret.data?.[key] ?? "");
    if (!equalInConstantTime(value("token-secret"), secretPart) || value("token-id") !== id) return undefined;
    const expiration = value("expiration");
    if (expiration !== "" && !(parseTime(expiration) > options.clock.now())) return undefined;
    if (value("usage-bootstrap-authentication") !== "true") return undefined;
    const extraGroups = value("auth-extra-groups")
      .split(",")
      .filter((each) => each !== "");
    const bad = extraGroups.find((each) => !groupPattern.test(each));
    if (bad !== undefined) {
      options.log.warn("a bootstrap token names a group that it may not", { secret: secret.metadata.name, group: bad });
      return undefined;
    }
    return {
      user: {
        username: `system:bootstrap:${id}`,
        groups: [...new Set(["system:bootstrappers", ...extraGroups])].sort(),
      },
    };
  };
}

/** Takes as long for a near miss as for a far one. */
function equalInConstantTime(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let index = 0; index < b.length; index++) difference |= b.charCodeAt(index) ^ (a.charCodeAt(index) || 0);
  return difference === 0;
}
