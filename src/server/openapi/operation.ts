// One operation of the API as both documents tell of it.

export type Gvk = { readonly group: string; readonly version: string; readonly kind: string };
export type HttpMethod = "get" | "post" | "put" | "patch" | "delete" | "options" | "head";

export interface Operation {
  readonly path: string;
  readonly method: HttpMethod;
  readonly id: string;
  readonly description: string;
  readonly tag: string;
  readonly action?: string;
  readonly gvk?: Gvk;
  /** The kind whose path it is; only what is no resource has none. */
  readonly of?: string;
  /** Names of query parameters; those of the path are in the path. */
  readonly query: readonly string[];
  /** Name of the definition of the body. */
  readonly body?: { readonly definition: string; readonly required: boolean };
  /** Name of the definition of the answer; text when there is none. */
  readonly answer: string | undefined;
  readonly codes: readonly (200 | 201 | 202)[];
  readonly consumes?: readonly string[];
  readonly produces: readonly string[];
}
