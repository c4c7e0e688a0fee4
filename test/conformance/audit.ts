// What the API server's audit log says about a test: the suite's user agent ends in the test's name; requests of others in a namespace
// that the test made (kubectl, the test's own programs) count as its own.
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

/** Everything that a person or a test asks for, without its bodies. The cluster's components are left out. */
export const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  userGroups: ["system:nodes", "system:serviceaccounts:kube-system"]
- level: None
  users: ["system:kube-controller-manager", "system:kube-scheduler", "system:kube-proxy", "system:apiserver"]
- level: None
  nonResourceURLs: ["/healthz*", "/livez*", "/readyz*", "/version", "/openapi*", "/metrics"]
- level: Metadata
`;

interface AuditEvent {
  readonly verb: string;
  readonly requestURI: string;
  readonly userAgent?: string;
  readonly objectRef?: { readonly resource?: string; readonly namespace?: string };
  readonly responseStatus?: { readonly code?: number; readonly reason?: string; readonly message?: string };
}

const shared = new Set(["default", "kube-system", "kube-public", "kube-node-lease"]);

/** How many of a test's last failing requests are kept. */
const keptRequests = 4;

/** Last failing requests of each wanted test, the same one once, oldest first: `verb URI: code message`. */
export async function failingRequests(file: string, wanted: ReadonlySet<string>): Promise<Map<string, string[]>> {
  const testOf = new Map<string, string>();
  const failing = new Map<string, string[]>();
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of lines) {
    // Most lines are about success: those tell at most which namespace belongs to which test.
    const failed = /"code":[45]\d\d/.test(line);
    const named = line.includes(" -- [sig-");
    if (!failed && !named) continue;
    let event: AuditEvent;
    try {
      event = JSON.parse(line) as AuditEvent;
    } catch {
      continue; // the last line of a server that was stopped in the middle of it
    }
    const namespace = event.objectRef?.namespace;
    const test = named
      ? event.userAgent
          ?.split(" -- ")
          .slice(1)
          .join(" -- ")
          .replace(/^Kubernetes e2e suite /, "")
      : namespace === undefined
        ? undefined
        : testOf.get(namespace);
    if (test === undefined) continue;
    if (namespace !== undefined && !shared.has(namespace) && !testOf.has(namespace)) testOf.set(namespace, test);
    if (!failed || !wanted.has(test)) continue;
    remember(failing, test, describe(event, named));
  }
  return failing;
}

function describe({ verb, requestURI, userAgent, responseStatus }: AuditEvent, named: boolean): string {
  const who = named ? "" : ` by ${userAgent?.split(" ")[0] ?? "?"}`;
  const uri = requestURI.length > 160 ? `${requestURI.slice(0, 160)}…` : requestURI;
  return `${verb} ${uri}${who}: ${responseStatus?.code} ${responseStatus?.message ?? responseStatus?.reason ?? ""}`.slice(
    0,
    420,
  );
}

function remember(failing: Map<string, string[]>, test: string, text: string): void {
  const known = (failing.get(test) ?? []).filter((each) => each !== text);
  failing.set(test, [...known, text].slice(-keptRequests));
}
