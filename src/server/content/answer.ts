// What a verb returns; respond.ts writes it in the form the client asked for.
import type { ApiResponse } from "../../machinery/index.ts";
import type { ServedResource } from "../catalog.ts";
import type { ListResult } from "../registry/list.ts";
import type { CachedObject, Watcher } from "../watchcache/index.ts";

export type Answer =
  | {
      readonly type: "object";
      readonly status: number;
      readonly resource: ServedResource;
      readonly object: CachedObject;
    }
  /** Anything that is not one stored object: Scale, Status, reviews, documents. */
  | { readonly type: "value"; readonly status: number; readonly value: object }
  /** A value in the form that was asked for already. */
  | { readonly type: "made"; readonly value: object }
  | { readonly type: "list"; readonly resource: ServedResource; readonly list: ListResult }
  | { readonly type: "watch"; readonly watcher: Watcher }
  | { readonly type: "response"; readonly response: ApiResponse };
