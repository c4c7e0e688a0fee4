// The variables of an expression for one request. Upstream: admission/plugin/cel/{activation,condition}.go.
import type { Namespace } from "../../../api/index.ts";
import type { Bindings } from "../../../machinery/cel/admission/index.ts";
import type { AdmissionAttributes } from "../../contract.ts";
import type { AuthorizerValue } from "./cel.ts";
import { admissionRequest } from "./request.ts";
import type { Match } from "./rules.ts";
import type { VersionedObject } from "./versions.ts";

export interface BindingRequest {
  readonly attributes: AdmissionAttributes;
  readonly match: Match;
  readonly objects: VersionedObject;
  /** Absent where `authorizer` has no value. */
  readonly authorizer?: AuthorizerValue;
  readonly params?: unknown;
  readonly namespace?: Namespace;
}

export function bindingsOf(request: BindingRequest): Bindings {
  const { attributes, match, objects, authorizer, params, namespace } = request;
  const { kind, subresource, namespace: namespaceName, name } = attributes;
  return {
    object: objects.object ?? null,
    oldObject: objects.oldObject ?? null,
    request: { uid: "", ...admissionRequest(attributes, match), object: null, oldObject: null },
    params: params ?? null,
    namespaceObject: namespace === undefined ? null : exposedNamespace(namespace),
    ...(authorizer === undefined
      ? {}
      : {
          authorizer: {
            value: authorizer,
            requestResource: {
              group: kind.group,
              resource: kind.resource,
              subresource,
              namespace: namespaceName,
              name,
            },
          },
        }),
  };
}

/** Fields that say who manages and owns the namespace are left out. */
function exposedNamespace({ metadata, spec, status }: Namespace): Record<string, unknown> {
  const {
    managedFields: _fields,
    ownerReferences: _owners,
    ...exposed
  } = metadata as Namespace["metadata"] & {
    ownerReferences?: unknown;
  };
  return { metadata: exposed, spec: spec ?? {}, status: status ?? {} };
}
