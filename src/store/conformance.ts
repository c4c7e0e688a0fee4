// The store contract as a suite of cases and a model; conformance.test.ts runs both on every engine.
export * from "./conformance/index.ts";
