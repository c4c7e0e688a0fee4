// Acting as somebody else by `Impersonate-*` headers. Upstream: apiserver's filters/impersonation.
import { type ApiRequest, badRequest, StatusError } from "../../machinery/index.ts";
import type { AccessAttributes, Authorizer } from "../contract.ts";
import { unescapeExtraKey } from "./extra-key.ts";
import { type Impersonated, impersonationModes, type Wanted } from "./impersonation-modes.ts";

const extraPrefix = "impersonate-extra-";
/** Of so many users it is remembered in which way they may. */
const mostRemembered = 10_000;

/** Whom to go on as; `attributes` are those of the request itself. Throws StatusError 403 for whom the requestor may not be. */
export type Impersonation = (request: ApiRequest, attributes: AccessAttributes) => Promise<Impersonated | undefined>;

/**
 * Every way to impersonate is tried until one is allowed, beginning with the one that the user was allowed the last time.
 * `constrained`: the gate ConstrainedImpersonation; without it there is one way.
 */
export function createImpersonation(authorizer: Authorizer, { constrained }: { constrained: boolean }): Impersonation {
  const modes = impersonationModes(authorizer, { constrained });
  const last = new Map<string, (typeof modes)[number]>();
  const remember = (username: string, mode: (typeof modes)[number]): void => {
    last.delete(username);
    last.set(username, mode);
    if (last.size > mostRemembered) last.delete(last.keys().next().value ?? "");
  };
  return async (request, attributes) => {
    const wanted = wantedUser(request);
    if (wanted === undefined) return undefined;
    const { username } = attributes.user;
    const known = last.get(username);
    const order = known === undefined ? modes : [known, ...modes.filter((each) => each !== known)];
    let refusal: unknown;
    for (const mode of order) {
      const found = await mode(wanted, attributes);
      if (found === undefined) continue;
      if ("user" in found) {
        if (mode !== known) remember(username, mode);
        return found;
      }
      refusal ??= found.refused;
    }
    throw refusal;
  };
}

/** What the headers ask for. */
function wantedUser({ headers }: ApiRequest): Wanted | undefined {
  const username = headers["impersonate-user"] ?? "";
  const groups = listed(headers["impersonate-group"]);
  const uid = headers["impersonate-uid"] ?? "";
  const extra: Record<string, string[]> = {};
  for (const name in headers)
    if (name.startsWith(extraPrefix)) extra[unescapeExtraKey(name.slice(extraPrefix.length))] = listed(headers[name]);
  if (username !== "") return { username, groups, uid, extra };
  if (groups.length === 0 && uid === "" && Object.keys(extra).length === 0) return undefined;
  const { status } = badRequest(`requested ${describe({ groups, extra, uid })} without impersonating a user name`);
  throw new StatusError(status, { "x-content-type-options": "nosniff" });
}

/** Few requests do. */
export function asksToImpersonate({ headers }: ApiRequest): boolean {
  for (const name in headers) if (name.startsWith("impersonate-")) return true;
  return false;
}

/** HTTP adapters join repeated headers with a comma and a space. */
const listed = (header: string | undefined): string[] => (header === undefined ? [] : header.split(", "));

/** Upstream prints its own type here. */
function describe(request: {
  groups: readonly string[];
  extra: Readonly<Record<string, readonly string[]>>;
  uid: string;
}): string {
  const strings = (values: readonly string[]): string =>
    values.length === 0 ? "[]string(nil)" : `[]string{${values.map((each) => JSON.stringify(each)).join(", ")}}`;
  const extra = Object.entries(request.extra)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, values]) => `${JSON.stringify(key)}:${strings(values)}`);
  const shownExtra = extra.length === 0 ? "map[string][]string(nil)" : `map[string][]string{${extra.join(", ")}}`;
  return `&user.DefaultInfo{Name:"", UID:${JSON.stringify(request.uid)}, Groups:${strings(request.groups)}, Extra:${shownExtra}}`;
}
