// Acting as somebody else by `Impersonate-*` headers. Upstream: apiserver's filters/impersonation.
import { type ApiRequest, badRequest, type UserInfo } from "../../machinery/index.ts";
import { denied } from "../authz/forbidden.ts";
import type { AccessAttributes, Authorizer } from "../contract.ts";

const extraPrefix = "impersonate-extra-";
const authenticated = "system:authenticated";
const unauthenticated = "system:unauthenticated";
const anonymous = "system:anonymous";
const authenticationGroup = { group: "authentication.k8s.io", version: "v1" };

/** The user to go on as. Throws StatusError 403 for what the requestor may not impersonate. */
export async function impersonate(request: ApiRequest, user: UserInfo, authorizer: Authorizer): Promise<UserInfo> {
  const { headers } = request;
  const username = headers["impersonate-user"] ?? "";
  const groups = listed(headers["impersonate-group"]);
  const uid = headers["impersonate-uid"] ?? "";
  const extra: Record<string, string[]> = {};
  for (const name in headers) if (name.startsWith(extraPrefix)) extra[extraKey(name)] = listed(headers[name]);
  const hasExtra = Object.keys(extra).length > 0;
  if (username === "" && groups.length === 0 && uid === "" && !hasExtra) return user;
  if (username === "")
    throw badRequest(`requested ${describe({ groups, extra, uid })} without impersonating a user name`);
  const account = serviceAccountOf(username);
  const wanted: Partial<AccessAttributes>[] = [
    account === undefined ? { resource: "users", name: username } : { resource: "serviceaccounts", ...account },
    ...groups.map((name) => ({ resource: "groups", name })),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((name) => ({ ...authenticationGroup, resource: "userextras", subresource: key, name })),
    ),
    ...(uid === "" ? [] : [{ ...authenticationGroup, resource: "uids", name: uid }]),
  ];
  for (const each of wanted) {
    const attributes: AccessAttributes = { ...nothing, ...each, user };
    const decision = await authorizer.authorize(attributes);
    if (decision.decision !== "allow") throw denied(attributes, decision.reason);
  }
  return {
    username,
    groups: completeGroups(
      username,
      groups.length > 0 || account === undefined ? groups : serviceAccountGroups(account.namespace),
    ),
    ...(uid === "" ? {} : { uid }),
    ...(hasExtra ? { extra } : {}),
  };
}

/** Few requests do. */
export function asksToImpersonate({ headers }: ApiRequest): boolean {
  for (const name in headers) if (name.startsWith("impersonate-")) return true;
  return false;
}

const nothing = {
  verb: "impersonate",
  resourceRequest: true,
  group: "",
  version: "",
  resource: "",
  subresource: "",
  namespace: "",
  name: "",
  path: "",
};

/** HTTP adapters join repeated headers with a comma and a space. */
const listed = (header: string | undefined): string[] =>
  header === undefined || header === "" ? [] : header.split(", ");

function extraKey(header: string): string {
  const key = header.slice(extraPrefix.length);
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

function serviceAccountOf(username: string): { namespace: string; name: string } | undefined {
  const parts = username.split(":");
  if (parts.length !== 4 || parts[0] !== "system" || parts[1] !== "serviceaccount" || !parts[2] || !parts[3])
    return undefined;
  return { namespace: parts[2], name: parts[3] };
}

const serviceAccountGroups = (namespace: string): string[] => [
  "system:serviceaccounts",
  `system:serviceaccounts:${namespace}`,
];

function completeGroups(username: string, groups: readonly string[]): string[] {
  if (username === anonymous) return groups.includes(unauthenticated) ? [...groups] : [...groups, unauthenticated];
  return groups.includes(authenticated) || groups.includes(unauthenticated) ? [...groups] : [...groups, authenticated];
}

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
