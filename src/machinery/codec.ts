// Objects ↔ bytes. Upstream: k8s.io/apimachinery/pkg/runtime/serializer/json, sigs.k8s.io/json.
import type { KubeObject } from "./object.ts";
import type { Schema, Schemas } from "./schema.ts";

export type FieldValidation = "Strict" | "Warn" | "Ignore";
export type MediaType = "application/json" | "application/yaml";

export interface DecodeOptions {
  readonly mediaType: MediaType;
  /** Root schema; without one unknown fields are not looked for (custom resources that preserve, options objects). */
  readonly schema?: Schema;
  readonly schemas?: Schemas;
  readonly fieldValidation: FieldValidation;
}

export interface Decoded {
  /** Fresh, mutable; unknown fields are dropped, as upstream's typed decoding drops them. */
  readonly object: Record<string, unknown>;
  /** Texts for `Warning` headers: `unknown field "spec.foo"`, `duplicate field "metadata.name"`. */
  readonly warnings: readonly string[];
}

/** Throws StatusError 400 (bad syntax, wrong types, strict findings with upstream's text). */
export function decodeObject(_bytes: Uint8Array, _options: DecodeOptions): Decoded {
  throw new Error("being written");
}

/**
 * The bytes that the store keeps: JSON with kind, apiVersion and metadata first, without metadata.resourceVersion, so that
 * `withResourceVersion` can splice the revision in without decoding.
 */
export function encodeForStore(_object: KubeObject): Uint8Array {
  throw new Error("being written");
}
/** Stored bytes plus `"resourceVersion":"N"` as the first field of metadata. */
export function withResourceVersion(_stored: Uint8Array, _revision: number): Uint8Array {
  throw new Error("being written");
}
/** JSON bytes of any value. */
export function encodeJson(_value: unknown): Uint8Array {
  throw new Error("being written");
}
export function toYaml(_value: unknown): string {
  throw new Error("being written");
}
/** One value per document. */
export function fromYaml(_text: string): unknown[] {
  throw new Error("being written");
}

/** A mutable copy of plain data. */
export function deepClone<T>(value: T): T {
  if (Array.isArray(value)) {
    const copy = new Array(value.length);
    for (let index = 0; index < value.length; index++) copy[index] = deepClone(value[index]);
    return copy as T;
  }
  if (value !== null && typeof value === "object") {
    const copy: Record<string, unknown> = {};
    for (const key in value) copy[key] = deepClone((value as Record<string, unknown>)[key]);
    return copy as T;
  }
  return value;
}

export function deepFreeze<T>(value: T): T {
  if (value !== null && typeof value === "object" && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const key in value) deepFreeze((value as Record<string, unknown>)[key]);
  }
  return value;
}

/** Equal as API data: an absent, null or empty list or map equals the others (upstream's Semantic.DeepEqual, roughly). */
export function deepEqual(_a: unknown, _b: unknown): boolean {
  throw new Error("being written");
}
