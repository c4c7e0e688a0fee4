// PATCH. Upstream: apiserver's handlers/patch.go.
import { notImplemented, StatusError } from "../../../machinery/index.ts";
import type { ServedResource } from "../../catalog.ts";
import { cborGate } from "../../content/cbor.ts";
import type { RequestContext } from "../../context.ts";
import type { Answer } from "../../core.ts";
import { unsupportedMediaType } from "../body.ts";
import { writeOptions } from "../options.ts";
import { matchNamespace } from "../prepare.ts";
import { changeObject } from "../update.ts";
import { apply } from "./apply.ts";
import { checkPatchedName, type PatchType, patcherOf, spokenPatches } from "./patched.ts";

export { patcherOf } from "./patched.ts";

export async function patch(context: RequestContext, resource: ServedResource): Promise<Answer> {
  const { info } = context;
  if (isApply(context)) return apply(context, resource);
  const type = patchTypeOf(context, resource);
  const options = writeOptions(context, "PatchOptions");
  const patched = patcherOf(context, {
    type,
    schema: resource.schema,
    schemas: resource.schemas,
    ...(resource.custom === undefined ? {} : { custom: resource.custom }),
  });
  const written = await changeObject(context, resource, {
    name: info.name,
    subresource: info.subresource,
    options,
    remade: true,
    neverCreates: true,
    change: (old) => {
      const draft = patched(old);
      matchNamespace(context, resource, draft);
      checkPatchedName(draft, info.name);
      return draft;
    },
  });
  return { type: "object", status: 200, resource, object: written.object };
}

const mediaTypeOf = (context: RequestContext): string =>
  (context.request.headers["content-type"] ?? "").split(";", 1)[0]!.trim();

const spokenBy = ({ core }: RequestContext): readonly string[] => spokenPatches(core.featureEnabled(cborGate));

export const isPatchType = (context: RequestContext): boolean => spokenBy(context).includes(mediaTypeOf(context));

export function isApply(context: RequestContext): boolean {
  const type = mediaTypeOf(context);
  if (type === "application/apply-patch+yaml") return true;
  return type === "application/apply-patch+cbor" && context.core.featureEnabled(cborGate);
}

/** Throws StatusError 415. */
export function checkPatchType(context: RequestContext, resource: ServedResource): void {
  if (!isApply(context)) patchTypeOf(context, resource);
}

export function patchTypeOf(context: RequestContext, resource?: ServedResource): PatchType {
  const type = mediaTypeOf(context);
  const known = spokenBy(context);
  const custom = known.filter((each) => each !== "application/strategic-merge-patch+json");
  if (resource?.custom !== undefined && !custom.includes(type)) throw unsupportedMediaType(custom);
  if (!known.includes(type))
    throw new StatusError({
      code: 415,
      reason: "UnsupportedMediaType",
      message: "415: Unsupported Media Type",
      details: {},
    });
  if (isApply(context)) throw notImplemented("server-side apply of this subresource");
  return type as PatchType;
}
