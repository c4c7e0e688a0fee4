// One object as the watch cache holds it: the bytes that a GET answers, and what selectors ask, worked out on demand.
import type { KindDefinition } from "../../api/index.ts";
import { share } from "../../base/index.ts";
import {
  deepFreeze,
  hasEmpties,
  type KubeObject,
  type Labels,
  sizeWithResourceVersion,
  withResourceVersion,
} from "../../machinery/index.ts";
import { type Decodable, DecodedObjects } from "./decoded.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const metadataMark = encoder.encode(',"metadata":');
const noLabels: Labels = Object.freeze({});

/** The pods of one template have the same ones, in each of their states. */
const sharedLabels = ({ metadata: { labels } }: KubeObject): Labels =>
  labels === undefined ? noLabels : share(labels);

/** Of all caches of this process together. */
const decodedObjects = new DecodedObjects(4 << 20);

export class CachedObject implements Decodable {
  readonly kind: KindDefinition;
  readonly key: string;
  readonly revision: number;
  used = false;
  #bytes: Uint8Array | undefined;
  /** As the store has it, until somebody asks for more: in one process with the store, the very bytes that it holds. */
  #stored: Uint8Array | undefined;
  #object: KubeObject | undefined;
  /** What was written, without its revision: only until the change has been handed out. */
  #written: KubeObject | undefined;
  /** The same with its revision, when somebody has looked at it meanwhile. */
  #glimpsed: KubeObject | undefined;
  #labels: Labels | undefined;
  #fields: Readonly<Record<string, string>> | undefined;
  #protobuf: Uint8Array | undefined;

  /** `bytes` as they are answered, or `stored` as encodeForStore has made them. */
  constructor(
    kind: KindDefinition,
    at: { readonly key: string; readonly revision: number; readonly bytes?: Uint8Array; readonly stored?: Uint8Array },
  ) {
    this.kind = kind;
    this.key = at.key;
    this.revision = at.revision;
    this.#bytes = at.bytes;
    this.#stored = at.stored;
  }

  /** JSON with kind, apiVersion and metadata first, resourceVersion the first field of metadata. */
  get bytes(): Uint8Array {
    if (this.#bytes === undefined) {
      this.#bytes = withResourceVersion(this.#stored!, this.revision);
      this.#stored = undefined;
    }
    return this.#bytes;
  }

  /** Of `bytes`, which are not made for that. */
  get size(): number {
    return this.#bytes?.length ?? sizeWithResourceVersion(this.#stored!, this.revision);
  }

  /** Decoded when asked for, frozen, the same for everyone who asks before it is forgotten. */
  get object(): KubeObject {
    if (this.#object !== undefined) {
      this.used = true;
      return this.#object;
    }
    // What was sent empty is no part of what was stored: rules that ask for it would find it in the old object.
    const lent = this.#written === undefined || hasEmpties(this.#written) ? undefined : this.glimpse;
    this.settle();
    return this.#hold(lent ?? deepFreeze(JSON.parse(decoder.decode(this.bytes)) as KubeObject));
  }

  /**
   * For a look at a change while it is handed out, of who reads fields alone (`sentEmpty` may tell of what is not stored): the
   * decoded form is not kept for that.
   */
  get glimpse(): KubeObject {
    const written = this.#written;
    if (this.#object !== undefined || written === undefined) return this.object;
    if (this.#glimpsed !== undefined) return this.#glimpsed;
    const metadata = { ...written.metadata, resourceVersion: String(this.revision) };
    return (this.#glimpsed = deepFreeze({ ...written, metadata }));
  }

  /** They are held by whoever holds the object, and a watch that selects by labels would decode every object of its kind to have them. */
  #keepLabels(object: KubeObject | undefined): void {
    if (object !== undefined) this.#labels ??= sharedLabels(object);
  }

  /** Takes the decoded form from whoever has made these bytes of it. */
  adopt(object: KubeObject): void {
    if (this.#object === undefined) this.#hold(deepFreeze(object));
  }

  /**
   * The same from whoever has just written it, for those who are told of the change. Most objects nobody here asks for: kept
   * for longer, each would outlive the young generation of the heap and cost more than decoding the few that are asked for.
   */
  lend(written: KubeObject): void {
    if (this.#object === undefined) this.#written = deepFreeze(written);
  }

  /** The change has been handed out. */
  settle(): void {
    this.#keepLabels(this.#written);
    this.#written = undefined;
    this.#glimpsed = undefined;
  }

  forget(): void {
    this.#keepLabels(this.#object);
    this.#object = undefined;
  }

  #hold(object: KubeObject): KubeObject {
    this.#object = object;
    decodedObjects.add(this);
    return object;
  }

  /** The same object as a protobuf message, made by whoever asks for it first. */
  protobuf(make: (object: KubeObject) => Uint8Array): Uint8Array {
    this.#protobuf ??= make(this.object);
    return this.#protobuf;
  }

  get labels(): Labels {
    this.#labels ??= sharedLabels(this.glimpse);
    return this.#labels;
  }

  /** Values that field selectors may ask for. */
  get fields(): Readonly<Record<string, string>> {
    if (this.#fields !== undefined) return this.#fields;
    const object = this.glimpse;
    const fields: Record<string, string> = {
      "metadata.name": object.metadata.name,
      "metadata.namespace": object.metadata.namespace ?? "",
    };
    for (const [name, value] of Object.entries(this.kind.selectableFields ?? {})) fields[name] = value(object);
    this.#fields = fields;
    return fields;
  }

  /** Where `"metadata":…` begins: lists leave kind and apiVersion of their items out, as upstream does. */
  get itemOffset(): number {
    const { kind, bytes } = this;
    // kind and apiVersion come first and are the same in all objects of a kind.
    const expected = 27 + kind.kind.length + kind.version.length + (kind.group === "" ? 0 : kind.group.length + 1);
    if (bytes[expected - 1] === 0x2c && bytes[expected + 1] === 0x6d && bytes[expected + 9] === 0x22) return expected;
    return indexOf(bytes, metadataMark) + 1;
  }

  /** The same content at another revision: what a watcher sees of a deletion. */
  atRevision(revision: number): CachedObject {
    return new CachedObject(this.kind, {
      key: this.key,
      revision,
      bytes: replaceResourceVersion(this.bytes, this.revision, revision),
    });
  }
}

function indexOf(bytes: Uint8Array, mark: Uint8Array): number {
  const first = mark[0]!;
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    let matched = 1;
    while (matched < mark.length && bytes[at + matched] === mark[matched]) matched++;
    if (matched === mark.length) return at;
  }
  throw new Error("a stored object has no metadata: it was not written by encodeForStore");
}

/** `bytes` hold `"metadata":{"resourceVersion":"<from>"`; the same with `to`. */
function replaceResourceVersion(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const start = indexOf(bytes, metadataMark) + metadataMark.length + '{"resourceVersion":"'.length;
  const digits = encoder.encode(String(to));
  const end = start + String(from).length;
  const out = new Uint8Array(bytes.length - (end - start) + digits.length);
  out.set(bytes.subarray(0, start));
  out.set(digits, start);
  out.set(bytes.subarray(end), start + digits.length);
  return out;
}
