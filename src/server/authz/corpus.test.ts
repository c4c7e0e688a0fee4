// Access reviews, rule listings and escalation against what kube-apiserver 1.36.3 answered (test/corpus). Only the parts that
// these functions own are held against each other: the pipeline around them has its own tests.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { type KindDefinition, kinds } from "../../api/index.ts";
import { VirtualClock } from "../../base/index.ts";
import { deepClone, type KubeObject, StatusError, type UserInfo } from "../../machinery/index.ts";
import { createReinvocation } from "../admission/chain.ts";
import {
  bootstrapClusterRoleBindings,
  bootstrapClusterRoles,
  bootstrapRoleBindings,
  bootstrapRoles,
} from "../bootstrap/rbac.ts";
import type { AdmissionAttributes } from "../contract.ts";
import { createAuthorizer } from "./create.ts";
import { rbacEscalationCheck } from "./escalation.ts";
import { memoryObjects } from "./reader.fixture.ts";
import { accessReviews } from "./reviews.ts";

interface Step {
  readonly method: string;
  readonly path: string;
  readonly body?: KubeObject;
  readonly as?: string;
}
interface Recorded {
  readonly id: string;
  readonly steps: readonly Step[];
  readonly out: readonly { readonly code: number; readonly body: Record<string, unknown> }[];
}

const recorded: Recorded[] = gunzipSync(readFileSync(new URL("../../../test/corpus/auth.jsonl.gz", import.meta.url)))
  .toString("utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));

const userOf = (as: string | undefined): UserInfo => {
  if (as === undefined) return { username: "admin", groups: ["system:masters", "system:authenticated"] };
  const [username = "", ...groups] = as.split(",");
  // Impersonation adds this group, except for the groups that already say it.
  return {
    username,
    groups: groups.some((group) => group.endsWith("authenticated")) ? groups : [...groups, "system:authenticated"],
  };
};

function target(path: string): { kind: KindDefinition; namespace: string; name: string } {
  const [plain = ""] = path.split("?");
  const parts = plain.split("/").filter((part) => part !== "");
  const rest = parts[0] === "api" ? parts.slice(2) : parts.slice(3);
  const group = parts[0] === "api" ? "" : parts[1]!;
  const namespaced = rest[0] === "namespaces" && rest.length > 2;
  const [resource, name = ""] = namespaced ? rest.slice(2) : rest;
  const kind = kinds.find((each) => each.group === group && each.resource === resource);
  assert.ok(kind, path);
  return { kind, namespace: namespaced ? rest[1]! : "", name };
}

function world() {
  const objects = memoryObjects();
  const add = (kind: KindDefinition, object: KubeObject) => objects.set(kind, object);
  const defaults: readonly KubeObject[] = [
    ...bootstrapClusterRoles(),
    ...bootstrapClusterRoleBindings(),
    ...bootstrapRoles(),
    ...bootstrapRoleBindings(),
  ];
  for (const object of defaults)
    add(kinds.find((each) => each.group.startsWith("rbac") && each.kind === object.kind)!, object);
  for (const { id, steps } of recorded)
    if (id.startsWith("setup/"))
      for (const { method, path, body } of steps)
        if (method === "POST" && body !== undefined) {
          const { kind, namespace } = target(path);
          // A PUT without uid is a change, as it is upstream.
          add(kind, { ...body, metadata: { ...body.metadata, uid: "u", ...(namespace === "" ? {} : { namespace }) } });
        }
  const authorizer = createAuthorizer(["Node", "RBAC"], objects.reader);
  return { objects, authorizer };
}

const statusOf = (error: unknown): unknown => {
  assert.ok(error instanceof StatusError, String(error));
  return error.status;
};
const sortRules = (status: unknown): unknown => {
  const rules = status as { resourceRules?: unknown[]; nonResourceRules?: unknown[] };
  const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
  for (const list of [rules.resourceRules, rules.nonResourceRules]) list?.sort(byText);
  return status;
};
/** Without undefined members and with plain prototypes. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const { objects, authorizer } = world();

describe("access reviews as recorded", () => {
  for (const { id, steps, out } of recorded.filter(({ id }) => /^auth\/(sar|ssar|lsar|rules-review)\//.test(id)))
    it(id, async () => {
      for (const [index, step] of steps.entries()) {
        const wanted = out[index]!;
        // Refusals of the pipeline itself.
        if (wanted.code === 403 || step.body === undefined) continue;
        const { kind, namespace } = target(step.path);
        const review = accessReviews.find((each) => each.kind.resource === kind.resource)!;
        const context = {
          user: userOf(step.as),
          namespace,
          authorizer,
          reader: objects.reader,
          clock: new VirtualClock(),
        };
        const body = { ...deepClone(step.body), metadata: step.body.metadata ?? {} } as KubeObject;
        let got: unknown;
        try {
          got = (await review.create(
            { ...body, spec: (body as { spec?: object }).spec ?? {} } as KubeObject,
            context,
          )) as unknown;
        } catch (error) {
          const { code, message, reason, details } = statusOf(error) as Record<string, unknown>;
          assert.deepEqual(
            plain({ code, message, reason, details }),
            plain({
              code: wanted.code,
              message: wanted.body["message"],
              reason: wanted.body["reason"],
              details: wanted.body["details"],
            }),
          );
          continue;
        }
        assert.equal(wanted.code, 201, JSON.stringify(wanted.body));
        const { status } = got as { status: unknown };
        assert.deepEqual(sortRules(plain(status)), sortRules(plain(wanted.body["status"])));
      }
    });
});

describe("escalation as recorded", () => {
  const check = rbacEscalationCheck({ reader: objects.reader, authorizer });
  for (const { id, steps, out } of recorded.filter(({ id }) => id.startsWith("auth/escalation/")))
    it(id, async () => {
      for (const [index, step] of steps.entries()) {
        const wanted = out[index]!;
        const { kind, namespace, name } = target(step.path);
        if (step.body === undefined || kind.group !== "rbac.authorization.k8s.io") continue;
        const oldObject = name === "" ? undefined : objects.reader.get(kind, namespace, name);
        const patch = step.method === "PATCH" && oldObject !== undefined;
        const object = (
          patch
            ? { ...oldObject, ...step.body, metadata: { ...oldObject.metadata, ...step.body.metadata } }
            : {
                ...step.body,
                metadata: { ...step.body.metadata, ...(namespace === "" ? {} : { namespace }) },
              }
        ) as KubeObject;
        const attributes: AdmissionAttributes = {
          operation: oldObject === undefined ? "CREATE" : "UPDATE",
          kind,
          bodyKind: kind,
          subresource: "",
          namespace,
          name: object.metadata.name,
          object,
          ...(oldObject === undefined ? {} : { oldObject }),
          options: {},
          user: userOf(step.as),
          dryRun: false,
          warn: () => {},
          annotate: () => {},
          reinvocation: createReinvocation(),
        };
        const refused = await Promise.resolve(check.admit!(attributes)).then(() => undefined, statusOf);
        if (wanted.code < 300) {
          assert.equal(refused, undefined, JSON.stringify(refused));
          if (!step.path.includes("dryRun")) objects.set(kind, object);
          continue;
        }
        // Refused by the authorizer or by validation: not this check's to say.
        if (
          refused === undefined &&
          !/attempting to grant|aggregationRule|not found/.test(String(wanted.body["message"]))
        )
          continue;
        const { message, details } = (refused ?? {}) as Record<string, unknown>;
        assert.deepEqual(
          plain({ message, details }),
          plain({ message: wanted.body["message"], details: wanted.body["details"] }),
        );
      }
    });
});

describe("authorization as recorded", () => {
  /** What the 403 adds behind the standard sentence is the authorizers' reason. */
  const sentence =
    /cannot \S* (?:resource|path) .*?(?:at the cluster scope|in the namespace "[^"]*"|path "[^"]*")(?:: (.*))?$/s;
  for (const { id, steps, out } of recorded.filter(
    ({ id }) => id.startsWith("auth/node/") || id.startsWith("auth/rbac/"),
  ))
    it(id, async () => {
      for (const [index, step] of steps.entries()) {
        const wanted = out[index]!;
        if (step.method !== "GET" || step.path.includes("watch=") || step.as === undefined) continue;
        const asked = attributesOf(step);
        if (asked === undefined) continue;
        const { decision, reason } = await authorizer.authorize(asked);
        const text = String(wanted.body?.["message"] ?? "");
        const refusal = wanted.code === 403 && text.includes("cannot ");
        if (asked.resourceRequest && needsSetup(step)) continue;
        assert.equal(decision === "allow", !refusal, `${text} / ${decision} ${reason}`);
        if (refusal) assert.equal(reason, sentence.exec(text)?.[1] ?? "");
      }
    });

  /** Answers that hang on objects which the scenarios make on the way. */
  const needsSetup = ({ path }: Step): boolean =>
    /secrets\/s-|configmaps\/only|serviceaccounts\/bot|pods\/p\d|pods\/np/.test(path);

  function attributesOf({ path, as }: Step): Parameters<typeof authorizer.authorize>[0] | undefined {
    const [plainPath = "", query = ""] = path.split("?");
    const base = {
      user: userOf(as),
      group: "",
      version: "",
      resource: "",
      subresource: "",
      namespace: "",
      name: "",
      path: plainPath,
    };
    const parts = plainPath.split("/").filter((part) => part !== "");
    const isResource = (parts[0] === "api" && parts.length > 2) || (parts[0] === "apis" && parts.length > 3);
    if (!isResource) return { ...base, verb: "get", resourceRequest: false };
    const rest = parts[0] === "api" ? parts.slice(2) : parts.slice(3);
    const namespaced = rest[0] === "namespaces" && rest.length > 2;
    const [resource = "", name = "", subresource = ""] = namespaced ? rest.slice(2) : rest;
    const namespace = namespaced ? rest[1]! : resource === "namespaces" ? name : "";
    const selector = new URLSearchParams(query).get("fieldSelector");
    const fieldSelector = (selector ?? "")
      .split(",")
      .filter((each) => each !== "")
      .map((each) => {
        const [field = "", value = ""] = each.split("=");
        return { field, operator: "=" as const, value };
      });
    const selectedName = fieldSelector.find((each) => each.field === "metadata.name")?.value ?? "";
    return {
      ...base,
      verb: name === "" ? "list" : "get",
      resourceRequest: true,
      group: parts[0] === "api" ? "" : parts[1]!,
      version: parts[0] === "api" ? parts[1]! : parts[2]!,
      resource,
      subresource,
      namespace,
      name: name || selectedName,
      fieldSelector,
    };
  }
});
