export * from "./contract.ts";
export * from "./fake/fake.ts";
