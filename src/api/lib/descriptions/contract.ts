// The form in which descriptions of API types are written: one folder a group, one line a field, our own sentences.

/** Of a type under "", of each field under its name. */
export type TypeDescription = { readonly "": string } & Readonly<Record<string, string>>;

/**
 * By the name of the type. What all kinds have is not repeated: `apiVersion`, `kind` and `metadata` of kinds, and everything of
 * their lists.
 */
export type Descriptions = Readonly<Record<string, TypeDescription>>;

/** What a later version says differently: whole types that are new, single fields of others. */
export type Differences = Readonly<Record<string, Readonly<Record<string, string>>>>;
