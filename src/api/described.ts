// The door to the descriptions of the API's types, which are loaded when somebody asks for them: see descriptions.ts.

/** Descriptions of a definition (under "") and of its fields; `fields` are the names of all its fields. */
export type Describe = (definition: string, fields: readonly string[]) => Readonly<Record<string, string>>;

export async function loadDescriptions(): Promise<Describe> {
  return (await import("./descriptions.ts")).describe;
}
