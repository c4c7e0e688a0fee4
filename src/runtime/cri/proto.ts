// The CRI's calls, from the descriptor in facts/proto/cri-v1.json, and containerd's own event service. Loaded when a runtime is connected.
import { type GrpcCodec, type GrpcDescriptor, type GrpcMethods, grpcCodec } from "../../base/node/index.ts";

/** Facts of containerd's API: api/services/events/v1/events.proto and api/events/{task,container}.proto, as far as they are read. */
const containerdEvents: GrpcDescriptor = {
  messages: {
    SubscribeRequest: { filters: [1, "string", "repeated"] },
    Envelope: { namespace: [2, "string"], topic: [3, "string"], event: [4, "Any"] },
    Any: { type_url: [1, "string"], value: [2, "bytes"] },
    /** Every event of a task or container begins with the container's id. */
    OfContainer: { container_id: [1, "string"] },
    /** `id` differs from the container's where a process of `exec` ended. */
    TaskExit: { container_id: [1, "string"], id: [2, "string"] },
  },
  services: { "containerd.services.events.v1.Events": { Subscribe: ["SubscribeRequest", "Envelope", "stream"] } },
};

export async function loadMethods(): Promise<GrpcMethods> {
  const { default: facts } = (await import("../../../facts/proto/cri-v1.json", {
    with: { type: "json" },
  })) as unknown as { default: GrpcDescriptor };
  const [cri, events] = await Promise.all([
    grpcCodec({ ...facts, package: "runtime.v1" }),
    grpcCodec(containerdEvents),
  ]);
  return new Map([...cri.methods, ...withContent(events)]);
}

/** The event within an envelope is decoded too. */
const withContent = ({ methods, decode }: GrpcCodec): GrpcMethods =>
  new Map(
    [...methods].map(([name, method]) => [
      name,
      {
        ...method,
        decode: (bytes) => {
          const { event, ...envelope } = method.decode(bytes);
          const { type_url, value } = event as { type_url: string; value: Uint8Array };
          return { ...envelope, event: decode(type_url.endsWith(".TaskExit") ? "TaskExit" : "OfContainer", value) };
        },
      },
    ]),
  );
