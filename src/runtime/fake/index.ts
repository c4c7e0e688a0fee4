export { createFakeRuntime, type FakeRuntime, type FakeRuntimeOptions } from "./fake.ts";
