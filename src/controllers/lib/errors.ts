// What controllers tell errors apart by.
import { StatusError } from "../../machinery/index.ts";

/** A refusal because the namespace is going: nothing to tell of, nothing to retry. */
export const isNamespaceTerminating = (error: unknown): boolean =>
  error instanceof StatusError &&
  error.status.details?.causes?.some((cause) => cause.reason === "NamespaceTerminating") === true;
