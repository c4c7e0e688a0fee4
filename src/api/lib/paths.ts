// Paths inside volumes.
import { field } from "../../machinery/index.ts";
import type { Check } from "./validate.ts";

/** No `..` as a step; said once however often it is there. */
export const noBacksteps: Check<string | undefined> = (path = "", at, found) => {
  if (path.split("/").includes("..")) found.push(field.invalid(at, path, "must not contain '..'"));
};

/** Stays below the directory it is meant for. */
export const descendingPath: Check<string | undefined> = (path = "", at, found) => {
  if (path.startsWith("/")) found.push(field.invalid(at, path, "must be a relative path"));
  noBacksteps(path, at, found);
};

/** Names that begin with two dots belong to the kubelet's atomic writer. */
export const unreservedPath: Check<string | undefined> = (path = "", at, found) => {
  descendingPath(path, at, found);
  if (path.startsWith("..") && !path.startsWith("../")) found.push(field.invalid(at, path, "must not start with '..'"));
};

/** Permission bits 0 to 0777. */
export const fileMode: Check<number | undefined> = (mode, at, found) => {
  if (mode !== undefined && (mode > 0o777 || mode < 0))
    found.push(field.invalid(at, mode, "must be a number between 0 and 0777 (octal), both inclusive"));
};
