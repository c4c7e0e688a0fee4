// The ways to be allowed to act as somebody else: of nodes, of service accounts and of other users for requests of certain verbs
// (`impersonate:MODE` of whom, `impersonate-on:MODE:VERB` of what), and the plain one, which knows no bounds.
// Upstream: apiserver's filters/impersonation, KEP-5284.
import { dns1123Label, dns1123Subdomain, StatusError, type UserInfo } from "../../machinery/index.ts";
import { denied } from "../authz/forbidden.ts";
import type { AccessAttributes, Authorizer } from "../contract.ts";

/** As the headers say it: "" and empty lists for what they do not. */
export interface Wanted {
  readonly username: string;
  readonly groups: readonly string[];
  readonly uid: string;
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

export interface Impersonated {
  readonly user: UserInfo;
  /** The verb that allowed it; undefined for plain `impersonate`. */
  readonly constraint: string | undefined;
}

/** Undefined: it is not for such users. */
export type ImpersonationMode = (
  wanted: Wanted,
  attributes: AccessAttributes,
) => Promise<Impersonated | { readonly refused: StatusError } | undefined>;

/** Throws StatusError 403. */
type Check = (attributes: AccessAttributes) => Promise<void>;

const authenticated = "system:authenticated";
const unauthenticated = "system:unauthenticated";
const anonymous = "system:anonymous";
const privileged = "system:masters";
const nodePrefix = "system:node:";
const nodeNameKey = "authentication.kubernetes.io/node-name";
const associatedKeys = "authentication.kubernetes.io/associated-node-keys";
const authentication = { group: "authentication.k8s.io", version: "v1" };
/** From so many on one check of all of them is tried first. */
const many = 4;

export function impersonationModes(
  authorizer: Authorizer,
  { constrained }: { constrained: boolean },
): readonly ImpersonationMode[] {
  const check: Check = async (attributes) => {
    const { decision, reason } = await authorizer.authorize(attributes);
    if (decision !== "allow") throw denied(attributes, reason);
  };
  const plain = settled((wanted, { user }) => ways(check, user, "impersonate").plain(wanted));
  if (!constrained) return [plain];
  return [
    constrainedMode("associated-node", check, {
      applies: (wanted, requestor) =>
        isBare(wanted) && isOwnNode(requestor, wanted.username) && serviceAccountOf(requestor.username) !== undefined,
      shown: ofAnyNode,
    }),
    constrainedMode("arbitrary-node", check, {
      applies: (wanted) => isBare(wanted) && nodeOf(wanted.username) !== undefined,
    }),
    constrainedMode("serviceaccount", check, {
      applies: (wanted) => isBare(wanted) && serviceAccountOf(wanted.username) !== undefined,
    }),
    constrainedMode("user-info", check, {
      applies: ({ username }) => nodeOf(username) === undefined && serviceAccountOf(username) === undefined,
    }),
    plain,
  ];
}

interface ModeRules {
  readonly applies: (wanted: Wanted, requestor: UserInfo) => boolean;
  /** What the authorizer is shown. */
  readonly shown?: (attributes: AccessAttributes) => AccessAttributes;
}

function constrainedMode(name: string, authorize: Check, { applies, shown }: ModeRules): ImpersonationMode {
  const check: Check = shown === undefined ? authorize : (attributes) => authorize(shown(attributes));
  const allowed = settled(async (wanted, attributes) => {
    await check({ ...attributes, verb: `impersonate-on:${name}:${attributes.verb}` });
    return ways(check, attributes.user, `impersonate:${name}`).constrained(wanted);
  });
  return async (wanted, attributes) => (applies(wanted, attributes.user) ? allowed(wanted, attributes) : undefined);
}

const settled =
  (work: (wanted: Wanted, attributes: AccessAttributes) => Promise<Impersonated>): ImpersonationMode =>
  async (wanted, attributes) => {
    try {
      return await work(wanted, attributes);
    } catch (error) {
      if (error instanceof StatusError) return { refused: error };
      throw error;
    }
  };

/** Pods of an agent share what they may: neither the node nor what else is said of the requestor counts. */
const ofAnyNode = (attributes: AccessAttributes): AccessAttributes => ({
  ...attributes,
  user: { ...attributes.user, extra: { [associatedKeys]: Object.keys(attributes.user.extra ?? {}).sort() } },
  ...(attributes.verb === "impersonate:associated-node" ? { name: "*" } : {}),
});

/** Who may be whom, by one verb. */
function ways(
  check: Check,
  requestor: UserInfo,
  verb: string,
): Record<"plain" | "constrained", (wanted: Wanted) => Promise<Impersonated>> {
  const about = (more: Partial<AccessAttributes>): AccessAttributes => ({ ...nothing, verb, user: requestor, ...more });
  return {
    async plain(wanted) {
      const { username, groups } = wanted;
      const account = serviceAccountOf(username);
      await check(about(account === undefined ? { resource: "users", name: username } : accountAttributes(account)));
      await everyUid(check, about, wanted);
      for (const name of groups) await check(about({ resource: "groups", name }));
      await everyExtra(check, about, wanted);
      return { user: completed(wanted, account), constraint: undefined };
    },
    async constrained(wanted) {
      const { username } = wanted;
      const account = serviceAccountOf(username);
      const node = nodeOf(username);
      await check(
        about({
          ...authentication,
          ...(account !== undefined
            ? accountAttributes(account)
            : node !== undefined
              ? { resource: "nodes", name: node }
              : { resource: "users", name: username }),
        }),
      );
      await everyUid(check, about, wanted);
      await groupsWithinBounds(check, about, wanted);
      await extraWithinBounds(check, about, wanted);
      const user = completed(node === undefined ? wanted : { ...wanted, groups: ["system:nodes"] }, account);
      return { user, constraint: verb };
    },
  };
}

type About = (more: Partial<AccessAttributes>) => AccessAttributes;

async function everyUid(check: Check, about: About, { uid }: Wanted): Promise<void> {
  if (uid !== "") await check(about({ ...authentication, resource: "uids", name: uid }));
}

async function everyExtra(check: Check, about: About, { extra }: Wanted): Promise<void> {
  for (const [subresource, values] of Object.entries(extra))
    for (const name of values) await check(about({ ...authentication, resource: "userextras", subresource, name }));
}

/** True: all of them at once. */
const allowsAll = (check: Check, attributes: AccessAttributes): Promise<boolean> =>
  check(attributes).then(
    () => true,
    () => false,
  );

async function groupsWithinBounds(check: Check, about: About, { groups }: Wanted): Promise<void> {
  const of = (name: string): AccessAttributes => about({ ...authentication, resource: "groups", name });
  if (groups.includes("")) throw denied(of(""), "impersonating the empty string group is not allowed");
  if (groups.includes(privileged))
    throw denied(of(privileged), "impersonating the system:masters group is not allowed");
  if (groups.length >= many && (await allowsAll(check, of("*")))) return;
  for (const name of groups) await check(of(name));
}

async function extraWithinBounds(check: Check, about: About, wanted: Wanted): Promise<void> {
  const of = about({ ...authentication, resource: "userextras" });
  const entries = Object.entries(wanted.extra);
  for (const [key, values] of entries) {
    const problem = extraProblem(key, values);
    if (problem !== undefined) throw denied(of, problem);
  }
  const count = entries.reduce((sum, [, values]) => sum + values.length, 0);
  if (Math.max(entries.length, count) >= many && (await allowsAll(check, { ...of, subresource: "*", name: "*" })))
    return;
  await everyExtra(check, about, wanted);
}

const pathFormat = String.raw`[A-Za-z0-9/\-._~%!$&'()*+,;=:]+`;
const pathPattern = new RegExp(`^${pathFormat}$`);

function extraProblem(key: string, values: readonly string[]): string | undefined {
  if (key === "") return "impersonating the empty string key in extra is not allowed";
  const wrong = prefixedPathProblems(key).map((each) => `extra.key: Invalid value: ${each}`);
  if (wrong.length > 0)
    return `impersonating an invalid key in extra is not allowed: ${wrong.length === 1 ? wrong[0] : `[${wrong.join(", ")}]`}`;
  if (key !== key.toLowerCase())
    return `impersonating a non-lowercase key in extra is not allowed: ${JSON.stringify(key)}`;
  if (values.length === 0) return "impersonating empty values in extra is not allowed";
  return values.includes("") ? "impersonating the empty string value in extra is not allowed" : undefined;
}

function prefixedPathProblems(key: string): string[] {
  const slash = key.indexOf("/");
  if (slash <= 0 || slash === key.length - 1)
    return [`${JSON.stringify(key)}: must be a domain-prefixed path (such as "acme.io/foo")`];
  const [host, path] = [key.slice(0, slash), key.slice(slash + 1)];
  return [
    ...dns1123Subdomain(host).map((text) => `${JSON.stringify(host)}: ${text}`),
    ...(pathPattern.test(path)
      ? []
      : [`${JSON.stringify(path)}: Invalid path (regex used for validation is '${pathFormat}')`]),
  ];
}

const nothing = {
  resourceRequest: true,
  group: "",
  version: "v1",
  resource: "",
  subresource: "",
  namespace: "",
  name: "",
  path: "",
};

const isBare = ({ uid, groups, extra }: Wanted): boolean =>
  uid === "" && groups.length === 0 && Object.keys(extra).length === 0;

function nodeOf(username: string): string | undefined {
  if (!username.startsWith(nodePrefix)) return undefined;
  const name = username.slice(nodePrefix.length);
  return dns1123Subdomain(name).length === 0 ? name : undefined;
}

function isOwnNode({ extra }: UserInfo, username: string): boolean {
  const names = extra?.[nodeNameKey] ?? [];
  return names.length === 1 && names[0] !== "" && names[0] === nodeOf(username);
}

interface Account {
  readonly namespace: string;
  readonly name: string;
}

function serviceAccountOf(username: string): Account | undefined {
  const parts = username.split(":");
  const [system, kind, namespace = "", name = ""] = parts;
  if (parts.length !== 4 || system !== "system" || kind !== "serviceaccount") return undefined;
  if (dns1123Label(namespace).length > 0 || dns1123Subdomain(name).length > 0) return undefined;
  return { namespace, name };
}

const accountAttributes = (account: Account): Partial<AccessAttributes> => ({
  resource: "serviceaccounts",
  ...account,
});

const groupsOfAccount = ({ namespace }: Account): string[] => [
  "system:serviceaccounts",
  `system:serviceaccounts:${namespace}`,
];

/** With the groups that everybody of the kind is in. */
function completed({ username, groups, uid, extra }: Wanted, account: Account | undefined): UserInfo {
  const own = groups.length > 0 || account === undefined ? groups : groupsOfAccount(account);
  return {
    username,
    groups: withProofGroup(username, own),
    ...(uid === "" ? {} : { uid }),
    ...(Object.keys(extra).length === 0
      ? {}
      : { extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])) }),
  };
}

function withProofGroup(username: string, groups: readonly string[]): string[] {
  if (username === anonymous) return groups.includes(unauthenticated) ? [...groups] : [...groups, unauthenticated];
  return groups.includes(authenticated) || groups.includes(unauthenticated) ? [...groups] : [...groups, authenticated];
}
