// What every kind and every list has. The first words of apiVersion and metadata are upstream's, since its conformance tests look for them.

export const kindFields = {
  apiVersion:
    "APIVersion defines which version of the API this object is written in: the group, a slash, the version; the version alone in the core group.",
  kind: "What the object is, in CamelCase, such as Pod. It cannot be changed.",
};

export const metadata =
  "Standard object's metadata: its names, labels, annotations and what the server notes about it.";
export const listMetadata = "The version of the whole list, and where its next part begins.";

const article = (noun: string): string => (/^[AEIO]/.test(noun) ? "an" : "a");

/** Of a list type, by the kind of its items. */
export const listOf = (kind: string): string =>
  `What a read of a collection answers: objects of kind ${kind}, as many as one part of the list holds.`;
export const itemsOf = (kind: string): string => `The objects; each is ${article(kind)} ${kind}.`;
