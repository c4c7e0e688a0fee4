// What every kind and every list has. The first words of some are upstream's, since its tests and its users' scripts look for them.

export const kindFields = {
  apiVersion:
    "APIVersion defines which version of the API this object is written in: the group, a slash, the version; the version alone in the core group.",
  kind: "Kind is a string value that names the REST resource this object stands for, in CamelCase. It cannot be changed.",
};

export const metadata =
  "Standard object's metadata: its names, labels, annotations and what the server notes about it.";
export const listMetadata = "Standard list metadata: the version of the whole list and where its next part begins.";

const article = (noun: string): string => (/^[AEIO]/.test(noun) ? "an" : "a");

/** Of a list type, by the kind of its items. */
export const listOf = (kind: string): string =>
  `What a read of a collection answers: objects of kind ${kind}, as many as one part of the list holds.`;
export const itemsOf = (kind: string): string => `The objects; each is ${article(kind)} ${kind}.`;
