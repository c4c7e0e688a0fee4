// Names, labels and times as upstream checks and writes them. Upstream: k8s.io/apimachinery/pkg/util/validation.
import type { Rng } from "../base/index.ts";

/** `prefix` cut to 58 characters plus five of bcdfghjklmnpqrstvwxz2456789. */
export function generateName(_prefix: string, _rng: Rng): string {
  throw new Error("being written");
}
/** The five characters alone. */
export function randomSuffix(_rng: Rng, _length = 5): string {
  throw new Error("being written");
}

/** Each check returns upstream's texts, none when the value is fine. */
export type NameCheck = (value: string) => string[];
const unwritten: NameCheck = () => {
  throw new Error("being written");
};
export const dns1123Label: NameCheck = unwritten;
export const dns1123Subdomain: NameCheck = unwritten;
export const dns1035Label: NameCheck = unwritten;
export const qualifiedName: NameCheck = unwritten;
export const labelValue: NameCheck = unwritten;
/** Names that are one path segment: RBAC objects. */
export const pathSegmentName: NameCheck = unwritten;

/** RFC 3339 in UTC with whole seconds: metav1.Time. */
export const formatTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
/** RFC 3339 with six decimals: metav1.MicroTime. */
export const formatMicroTime = (ms: number): string => {
  const micros = Math.floor((ms % 1000) * 1000);
  return `${new Date(ms).toISOString().slice(0, 19)}.${String(micros).padStart(6, "0")}Z`;
};
/** Milliseconds since 1970 of an RFC 3339 time; NaN for text that is none. */
export const parseTime = (text: string | undefined): number => (text === undefined ? Number.NaN : Date.parse(text));
