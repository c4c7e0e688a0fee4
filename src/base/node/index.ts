export * from "./grpc.ts";
export * from "./grpc-methods.ts";
