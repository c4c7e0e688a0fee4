// What the API server needs to serve custom resources. Loaded with the first definition.
export { approvalOf, isProtectedGroup } from "./approval.ts";
export type { JsonSchema } from "./schema.ts";
export {
  type CustomKind,
  type CustomVersion,
  compileCustomKind,
  readStored,
  relabel,
} from "./version.ts";
