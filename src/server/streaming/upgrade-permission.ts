// A WebSocket begins with a GET, which a reader may send; running something in a pod takes `create`, whatever the method.
// Upstream: pkg/registry/core/pod/rest/authorize.go, feature AuthorizePodWebsocketUpgradeCreatePermission.

import { forbidden } from "../../machinery/index.ts";
import type { Authorizer } from "../contract.ts";
import type { ConnectTarget } from "./connect.ts";

export async function checkMayCreate(target: ConnectTarget, authorizer: Authorizer): Promise<void> {
  const { request, resource, subresource, namespace, name, user } = target;
  if (request.method === "POST" || resource !== "pods" || subresource === "proxy") return;
  const { decision, reason } = await authorizer.authorize({
    user,
    verb: "create",
    resourceRequest: true,
    group: "",
    version: "v1",
    resource,
    subresource,
    namespace,
    name,
    path: "",
  });
  if (decision !== "allow") throw forbidden({ group: "", resource }, name, reason);
}
