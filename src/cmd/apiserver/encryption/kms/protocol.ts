// Calls of a KMS plugin, v2 and the older v1, over its Unix socket. Upstream: k8s.io/kms, apiserver's envelope/grpc_service.go.
import type { Clock } from "../../../../base/index.ts";
import {
  type GrpcDescriptor,
  GrpcError,
  type GrpcMessage,
  grpcCodec,
  openGrpcChannel,
} from "../../../../base/node/index.ts";

/** Facts of k8s.io/kms/apis/v2/api.proto. */
const v2: GrpcDescriptor = {
  package: "v2",
  messages: {
    StatusRequest: {},
    StatusResponse: { version: [1, "string"], healthz: [2, "string"], key_id: [3, "string"] },
    DecryptRequest: {
      ciphertext: [1, "bytes"],
      uid: [2, "string"],
      key_id: [3, "string"],
      annotations: [4, "map<string, bytes>"],
    },
    DecryptResponse: { plaintext: [1, "bytes"] },
    EncryptRequest: { plaintext: [1, "bytes"], uid: [2, "string"] },
    EncryptResponse: { ciphertext: [1, "bytes"], key_id: [2, "string"], annotations: [3, "map<string, bytes>"] },
  },
  services: {
    "v2.KeyManagementService": {
      Status: ["StatusRequest", "StatusResponse"],
      Decrypt: ["DecryptRequest", "DecryptResponse"],
      Encrypt: ["EncryptRequest", "EncryptResponse"],
    },
  },
};

/** Facts of k8s.io/kms/apis/v1beta1/api.proto. */
const v1: GrpcDescriptor = {
  package: "v1beta1",
  messages: {
    VersionRequest: { version: [1, "string"] },
    VersionResponse: { version: [1, "string"], runtime_name: [2, "string"], runtime_version: [3, "string"] },
    DecryptRequest: { version: [1, "string"], cipher: [2, "bytes"] },
    DecryptResponse: { plain: [1, "bytes"] },
    EncryptRequest: { version: [1, "string"], plain: [2, "bytes"] },
    EncryptResponse: { cipher: [1, "bytes"] },
  },
  services: {
    "v1beta1.KeyManagementService": {
      Version: ["VersionRequest", "VersionResponse"],
      Decrypt: ["DecryptRequest", "DecryptResponse"],
      Encrypt: ["EncryptRequest", "EncryptResponse"],
    },
  },
};

export type Annotations = Readonly<Record<string, Uint8Array>>;

export interface Encrypted {
  readonly ciphertext: Uint8Array;
  readonly keyId: string;
  readonly annotations: Annotations;
}

/** All reject with Error in gRPC's words. */
export interface KmsV2Service {
  status(): Promise<{ readonly version: string; readonly healthz: string; readonly keyId: string }>;
  encrypt(uid: string, plaintext: Uint8Array): Promise<Encrypted>;
  decrypt(uid: string, encrypted: Encrypted): Promise<Uint8Array>;
  close(): void;
}

export interface KmsV1Service {
  encrypt(plain: Uint8Array): Promise<Uint8Array>;
  decrypt(cipher: Uint8Array): Promise<Uint8Array>;
  close(): void;
}

export interface ServiceOptions {
  /** `unix:///var/run/kms.sock`; `unix:///@name` is an abstract socket. */
  readonly endpoint: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Called after each call with its full name and status. */
  readonly called: (call: { readonly method: string; readonly code: string; readonly seconds: number }) => void;
}

type Call = (name: string, request: GrpcMessage) => Promise<GrpcMessage>;

async function openCalls(
  descriptor: GrpcDescriptor,
  { endpoint, timeoutMs, clock, called }: ServiceOptions,
): Promise<{ readonly call: Call; close(): void }> {
  const [{ methods }, channel] = await Promise.all([
    grpcCodec(descriptor),
    openGrpcChannel({ socket: socketOf(endpoint), clock }),
  ]);
  return {
    async call(name, request) {
      const method = methods.get(`KeyManagementService/${name}`)!;
      const begun = clock.monotonic();
      const done = (code: string): void =>
        called({ method: method.path, code, seconds: (clock.monotonic() - begun) / 1000 });
      try {
        const answer = await channel.call(method, request, timeoutMs);
        done("OK");
        return answer;
      } catch (error) {
        if (!(error instanceof GrpcError)) throw error;
        done(goCode(error.code));
        throw new Error(`rpc error: code = ${goCode(error.code)} desc = ${error.message}`, { cause: error });
      }
    },
    close: () => channel.close(),
  };
}

/** As gRPC's channel takes it. Upstream: kms/pkg/util ParseEndpoint. */
function socketOf(endpoint: string): string {
  const path = endpoint.replace(/^unix:(\/\/[^/]*)?/i, "");
  return path.startsWith("/@") ? `unix:\0${path.slice(2)}` : `unix://${path}`;
}

/** `FAILED_PRECONDITION` as Go's gRPC says it: `FailedPrecondition`. */
const goCode = (code: string): string =>
  code === "OK"
    ? code
    : code === "CANCELLED"
      ? "Canceled"
      : code.toLowerCase().replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());

export async function openKmsV2(options: ServiceOptions): Promise<KmsV2Service> {
  const { call, close } = await openCalls(v2, options);
  return {
    async status() {
      const answer = await call("Status", {});
      return {
        version: String(answer["version"]),
        healthz: String(answer["healthz"]),
        keyId: String(answer["key_id"]),
      };
    },
    async encrypt(uid, plaintext) {
      const answer = await call("Encrypt", { plaintext, uid });
      return {
        ciphertext: answer["ciphertext"] as Uint8Array,
        keyId: String(answer["key_id"]),
        annotations: (answer["annotations"] ?? {}) as Annotations,
      };
    },
    async decrypt(uid, { ciphertext, keyId, annotations }) {
      const answer = await call("Decrypt", { ciphertext, uid, key_id: keyId, annotations });
      return answer["plaintext"] as Uint8Array;
    },
    close,
  };
}

const v1Version = "v1beta1";

export async function openKmsV1(options: ServiceOptions): Promise<KmsV1Service> {
  const { call, close } = await openCalls(v1, options);
  let checked: Promise<void> | undefined;
  const check = async (): Promise<void> => {
    let version: string;
    try {
      version = String((await call("Version", { version: v1Version }))["version"]);
    } catch (error) {
      throw new Error(`failed get version from remote KMS provider: ${(error as Error).message}`, { cause: error });
    }
    if (version !== v1Version)
      throw new Error(`KMS provider api version ${version} is not supported, only ${v1Version} is supported now`);
  };
  /** The version is asked once, before the first other call. */
  const checkedCall: Call = async (name, request) => {
    checked ??= check();
    try {
      await checked;
    } catch (error) {
      checked = undefined;
      throw error;
    }
    return call(name, { ...request, version: v1Version });
  };
  return {
    encrypt: async (plain) => (await checkedCall("Encrypt", { plain }))["cipher"] as Uint8Array,
    decrypt: async (cipher) => (await checkedCall("Decrypt", { cipher }))["plain"] as Uint8Array,
    close,
  };
}
