// The encoder and its tables: loaded when the first client asks for protobuf, or the first large object is measured.

export type Protobuf = typeof import("../protobuf/index.ts");
let loaded: Protobuf | undefined;

export async function loadProtobuf(): Promise<Protobuf> {
  return (loaded ??= await import("../protobuf/index.ts"));
}

/** For who is in no position to wait. */
export function readyProtobuf(): Protobuf {
  if (loaded === undefined) throw new Error("loadProtobuf() comes first");
  return loaded;
}
