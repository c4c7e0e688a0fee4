/**
 * A status as upstream's encoder writes it: numbers that are 0 and empty texts and lists are left out, except in the fields
 * named. So an untouched status and one counted to zero are the same bytes.
 */
export function compactStatus<T extends object>(status: T, keep: readonly (keyof T)[] = []): T {
  const entries = Object.entries(status).filter(([key, value]) => keep.includes(key as keyof T) || !isBlank(value));
  return Object.fromEntries(entries) as T;
}

const isBlank = (value: unknown): boolean =>
  value === undefined || value === 0 || value === "" || (Array.isArray(value) && value.length === 0);
