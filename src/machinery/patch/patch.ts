// JSON patch (RFC 6902) and merge patch (RFC 7386) as upstream's library (evanphx/json-patch 4) answers them, with its
// leniencies: negative array indices count from the end, `replace` may add a key to an object, `copy` of an absent key adds
// null. All return new data and leave inputs alone. Strategic merge patch is in strategic-patch.ts.
import { toJson } from "../codec/codec.ts";
import { isTooDeep, JsonNumber, tooDeep } from "../codec/json-text.ts";
import { identical, isObject, setOwn } from "../equal.ts";
import { StatusError } from "../errors.ts";
import { type DocumentMarks, documentMarks, isJsonObject } from "./go-document.ts";

export interface JsonPatchOperation {
  readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/** What is wrong with one operation, in the library's words. API clients see it as a bare 422; webhook errors show it. */
class JsonPatchError extends Error {
  override readonly name = "JsonPatchError";
}

/** Bytes that the copy operations of one patch may add. Upstream: the API server's JSONPatchMaxCopyBytes. */
const mostCopiedBytes = 3 * 1024 * 1024;

/**
 * Throws StatusError 422 whose `cause` is the JsonPatchError. With marks the document is changed in place and they tell
 * afterwards how it prints.
 */
export function applyJsonPatch(
  document: unknown,
  patch: readonly JsonPatchOperation[],
  marks: DocumentMarks | undefined = undefined,
): unknown {
  const inPlace = marks !== undefined;
  const state = marks ?? documentMarks();
  const root: Root = { value: inPlace ? document : cloneJson(document, state), marks: state, copied: 0 };
  try {
    for (const operation of patch) applyOperation(root, operation);
    if (isTooDeep(root.value)) throw new JsonPatchError(tooDeep);
  } catch (error) {
    if (!(error instanceof JsonPatchError)) throw error;
    const status = new StatusError({
      code: 422,
      reason: "Invalid",
      message: "the server rejected our request due to an error in our request",
      details: {},
    });
    status.cause = error;
    throw status;
  }
  return root.value;
}

type Container = Record<string, unknown> | unknown[];

interface Root {
  value: unknown;
  readonly marks: DocumentMarks;
  copied: number;
}

/** A copy that prints as the value does. */
function cloneJson(value: unknown, marks: DocumentMarks): unknown {
  if (value === null || typeof value !== "object" || value instanceof JsonNumber) return value;
  let copy: Container;
  if (Array.isArray(value)) copy = value.map((item) => cloneJson(item, marks));
  else {
    copy = {};
    for (const key of Object.keys(value)) setOwn(copy, key, cloneJson((value as Record<string, unknown>)[key], marks));
    if (marks.sorted.has(value)) marks.sorted.add(copy);
  }
  const raw = marks.raw.get(value);
  if (raw !== undefined) marks.raw.set(copy, raw);
  return copy;
}

/** What a path leads through is read, and prints with its keys sorted from then on. */
function touch(container: Container, marks: DocumentMarks): void {
  marks.sorted.add(container);
  marks.raw.delete(container);
}

const missing = "missing value";
const invalidIndex = "invalid index referenced";

function applyOperation(root: Root, operation: JsonPatchOperation): void {
  const apply = operators[operation.op];
  if (apply === undefined)
    throw new JsonPatchError(`Unexpected kind: ${typeof operation.op === "string" ? operation.op : "unknown"}`);
  apply(root, operation);
}

type Operator = (root: Root, operation: JsonPatchOperation) => void;

const operators: Readonly<Partial<Record<string, Operator>>> = {
  add: (root, operation) => {
    const text = 'add operation does not apply: doc is missing path: "PATH"';
    const { container, key } = find(root, operation, text);
    add(container, key, { value: cloneJson(operation.value, root.marks), path: operation.path });
  },
  remove: (root, operation) => {
    const text = 'remove operation does not apply: doc is missing path: "PATH"';
    const { container, key } = find(root, operation, text);
    remove(container, key, `error in remove for path: '${operation.path}'`);
  },
  replace,
  move,
  copy,
  test,
};

function pathOf(operation: JsonPatchOperation): string {
  if (typeof operation.path === "string") return operation.path;
  throw new JsonPatchError(`${operation.op} operation failed to decode path: ${missing}`);
}

/** The container that holds the last part of the path. `text` is the error, PATH standing for the path. */
function find(root: Root, operation: JsonPatchOperation, text: string): { container: Container; key: string } {
  return findPath(root, pathOf(operation), text);
}

function findPath(root: Root, path: string, text: string): { container: Container; key: string } {
  const parts = path.split("/");
  let node: unknown = root.value;
  let found = parts.length >= 2 && isContainer(node);
  if (isContainer(node)) touch(node, root.marks);
  for (let index = 1; found && index < parts.length - 1; index++) {
    node = peek(node as Container, decodeKey(parts[index]!));
    found = isContainer(node);
    if (isContainer(node)) touch(node, root.marks);
  }
  if (!found) throw new JsonPatchError(`${text.replace("PATH", () => path)}: ${missing}`);
  return { container: node as Container, key: decodeKey(parts.at(-1)!) };
}

const isContainer = (value: unknown): value is Container =>
  value !== null && typeof value === "object" && !(value instanceof JsonNumber);
const decodeKey = (part: string): string => part.replace(/~[01]/g, (token) => (token === "~1" ? "/" : "~"));

/** The member, undefined when it is not there. */
function peek(container: Container, key: string): unknown {
  if (Array.isArray(container)) {
    const index = integer(key);
    return index === undefined ? undefined : container.at(index);
  }
  return Object.hasOwn(container, key) ? container[key] : undefined;
}

const integer = (text: string): number | undefined => (/^[+-]?[0-9]{1,15}$/.test(text) ? Number(text) : undefined);

/** Like peek, but an array index that is not there is an error. */
function get(container: Container, key: string, text: string): unknown {
  if (!Array.isArray(container)) return peek(container, key);
  return container[existingIndex(container, key, text)];
}

function existingIndex(array: readonly unknown[], key: string, text: string): number {
  const index = integer(key);
  if (index === undefined)
    throw new JsonPatchError(`${text}: strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`);
  if (index >= array.length || index < -array.length)
    throw new JsonPatchError(`${text}: Unable to access invalid index: ${index}: ${invalidIndex}`);
  return index < 0 ? index + array.length : index;
}

function add(container: Container, key: string, { value, path }: { value: unknown; path: string }): void {
  const fresh = value === undefined ? null : value;
  if (!Array.isArray(container)) {
    setOwn(container, key, fresh);
    return;
  }
  if (key === "-") {
    container.push(fresh);
    return;
  }
  const text = `error in add for path: '${path}'`;
  const index = integer(key);
  if (index === undefined)
    throw new JsonPatchError(
      `${text}: value was not a proper array index: '${key}': strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`,
    );
  const size = container.length + 1;
  if (index >= size || index < -size)
    throw new JsonPatchError(`${text}: Unable to access invalid index: ${index}: ${invalidIndex}`);
  container.splice(index < 0 ? index + size : index, 0, fresh);
}

function remove(container: Container, key: string, text: string): void {
  if (Array.isArray(container)) {
    container.splice(existingIndex(container, key, text), 1);
    return;
  }
  if (!Object.hasOwn(container, key))
    throw new JsonPatchError(`${text}: Unable to remove nonexistent key: ${key}: ${missing}`);
  delete container[key];
}

function replace(root: Root, operation: JsonPatchOperation): void {
  const path = pathOf(operation);
  if (path === "") {
    if (!isContainer(operation.value))
      throw new JsonPatchError("replace operation value must be object or array: %!w(<nil>)");
    root.value = cloneJson(operation.value, root.marks);
    touch(root.value as Container, root.marks);
    return;
  }
  const { container, key } = find(root, operation, "replace operation does not apply: doc is missing path: PATH");
  const value = operation.value === undefined ? null : cloneJson(operation.value, root.marks);
  if (Array.isArray(container)) {
    const index = integer(key);
    if (index === undefined || index >= container.length || index < -container.length)
      throw new JsonPatchError(`replace operation does not apply: doc is missing key: ${path}: ${missing}`);
    container[index < 0 ? index + container.length : index] = value;
  } else setOwn(container, key, value);
}

function fromOf(operation: JsonPatchOperation): string {
  if (typeof operation.from === "string") return operation.from;
  throw new JsonPatchError(
    `${operation.op} operation failed to decode from: operation, missing from field: ${missing}`,
  );
}

function move(root: Root, operation: JsonPatchOperation): void {
  const source = findPath(root, fromOf(operation), "move operation does not apply: doc is missing from path: PATH");
  const text = `error in move for path: '${source.key}'`;
  const value = get(source.container, source.key, text);
  remove(source.container, source.key, text);
  const target = find(root, operation, "move operation does not apply: doc is missing destination path: PATH");
  add(target.container, target.key, { value, path: operation.path });
}

function copy(root: Root, operation: JsonPatchOperation): void {
  const from = fromOf(operation);
  const source = findPath(root, from, "copy operation does not apply: doc is missing from path: PATH");
  const value = get(source.container, source.key, `error in copy for from: '${from}'`);
  const target = find(root, operation, "copy operation does not apply: doc is missing destination path: PATH");
  countCopied(root, value);
  add(target.container, target.key, { value: cloneJson(value, root.marks), path: operation.path });
}

function countCopied(root: Root, value: unknown): void {
  if (value === undefined || value === null) return;
  if (isTooDeep(value)) throw new JsonPatchError(tooDeep);
  root.copied += new TextEncoder().encode(toJson(value)).length;
  if (root.copied > mostCopiedBytes)
    throw new JsonPatchError(
      `Unable to complete the copy, the accumulated size increase of copy is ${root.copied}, exceeding the limit ${mostCopiedBytes}`,
    );
}

function test(root: Root, operation: JsonPatchOperation): void {
  const path = pathOf(operation);
  let value: unknown = root.value;
  if (path !== "") {
    const { container, key } = find(root, operation, "test operation does not apply: is missing path: PATH");
    value = get(container, key, `error in test for path: '${path}'`);
  }
  if (!identical(value ?? null, operation.value ?? null))
    throw new JsonPatchError(`testing value ${path} failed: test failed`);
}

/** Maps are merged, null deletes, everything else replaces. Marks tell afterwards how the result prints. */
export function applyMergePatch(document: unknown, patch: unknown, marks: DocumentMarks = documentMarks()): unknown {
  if (!isJsonObject(patch)) return cloneJson(patch, marks);
  if (!isJsonObject(document)) return withoutNulls(patch, marks);
  const merged: Record<string, unknown> = {};
  marks.sorted.add(merged);
  for (const key of Object.keys(document)) {
    if (!Object.hasOwn(patch, key)) setOwn(merged, key, document[key]);
    else if (patch[key] !== null) setOwn(merged, key, mergeMember(document[key], patch[key], marks));
  }
  for (const key of Object.keys(patch))
    if (!Object.hasOwn(document, key) && patch[key] !== null) setOwn(merged, key, withoutNulls(patch[key], marks));
  return merged;
}

function mergeMember(current: unknown, patch: unknown, marks: DocumentMarks): unknown {
  if (isJsonObject(current)) return applyMergePatch(current, patch, marks);
  return withoutNulls(patch, marks);
}

/** A copy without keys that are null, also within lists; null items of lists stay. */
function withoutNulls(value: unknown, marks: DocumentMarks): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item, marks));
  if (!isJsonObject(value)) return value;
  const kept: Record<string, unknown> = {};
  marks.sorted.add(kept);
  for (const key of Object.keys(value)) if (value[key] !== null) setOwn(kept, key, withoutNulls(value[key], marks));
  return kept;
}

/** The merge patch that turns `original` into `modified`: what clients and controllers send. Undefined members count as absent. */
export function createMergePatch(original: unknown, modified: unknown): unknown {
  if (!isObject(original) || !isObject(modified)) return modified;
  const patch: Record<string, unknown> = {};
  for (const key of Object.keys(modified)) {
    const after = modified[key];
    if (after === undefined) continue;
    const before = Object.hasOwn(original, key) ? original[key] : undefined;
    if (before === undefined) setOwn(patch, key, after);
    else if (isObject(before) && isObject(after)) {
      const inner = createMergePatch(before, after) as Record<string, unknown>;
      if (Object.keys(inner).length > 0) setOwn(patch, key, inner);
    } else if (!identical(before, after)) setOwn(patch, key, after);
  }
  for (const key of Object.keys(original))
    if (original[key] !== undefined && (!Object.hasOwn(modified, key) || modified[key] === undefined))
      setOwn(patch, key, null);
  return patch;
}
