// A decoded message of the CRI and its fields: what a runtime leaves out is empty.

/** Plain object with the descriptor's field names; int64 as numbers, enums as names. */
export type Message = Record<string, unknown>;

export const text = (value: unknown): string => (typeof value === "string" ? value : "");
export const number = (value: unknown): number => (typeof value === "number" ? value : Number(value ?? 0));
export const map = (value: unknown): Record<string, string> => (value ?? {}) as Record<string, string>;
export const list = (value: unknown): Message[] => (value ?? []) as Message[];
export const message = (value: unknown): Message => (value ?? {}) as Message;
