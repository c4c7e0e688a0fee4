// Readers of values without parts of their own: texts, numbers, times, quantities, and what is kept as it is.
import { canonicalQuantity, QuantityError } from "../quantity.ts";
import { canonicalMicroTime, canonicalTime, TimeError } from "../time.ts";
import { JsonNumber, plainCopy } from "./json-text.ts";
import { countMembers, type Reader } from "./read-context.ts";

/** Around a quantity's JSON text, where line breaks and tabs stand escaped and are none. */
const spaceAround = /^[\p{Z}\u0085]+|[\p{Z}\u0085]+$/gu;

/** By definition: what its schema does not tell. */
export const specialReaders: Readonly<Record<string, Reader>> = {
  "io.k8s.apimachinery.pkg.apis.meta.v1.Time": timeReader(canonicalTime),
  "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": timeReader(canonicalMicroTime),
  "io.k8s.apimachinery.pkg.api.resource.Quantity": {
    type: "resource.Quantity",
    zero: () => "0",
    read: (value, context) => {
      if (context.cbor !== undefined && typeof value !== "string") {
        context.typeError(value, "string");
        return "0";
      }
      const text = value instanceof JsonNumber ? value.text : typeof value === "number" ? String(value) : value;
      try {
        return canonicalQuantity(typeof text === "string" ? text.replace(spaceAround, "") : "not a quantity");
      } catch (error) {
        if (!(error instanceof QuantityError)) throw error;
        context.abort(error.message);
        return "0";
      }
    },
  },
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {
    type: "intstr.IntOrString",
    zero: () => 0,
    read: (value, context) => (typeof value === "string" ? value : int32.read(value, context)),
  },
};

function timeReader(canonical: (text: string) => string): Reader {
  return {
    type: "v1.Time",
    zero: () => null,
    read: (value, context) => {
      if (typeof value !== "string") {
        context.typeError(value, "string");
        return null;
      }
      try {
        return canonical(value);
      } catch (error) {
        if (!(error instanceof TimeError)) throw error;
        context.abort(error.message);
        return null;
      }
    },
  };
}

/** Values that upstream keeps as they are: raw extensions, FieldsV1, any. */
export const openReader: Reader = {
  type: "interface {}",
  zero: () => null,
  read: (value, context) => {
    context.members += countMembers(value);
    return context.owned ? value : plainCopy(value);
  },
};

export function scalarReader(type: string, accepts: "string" | "boolean", zero: unknown): Reader {
  return {
    type,
    zero: () => zero,
    read: (value, context) => {
      if (typeof value === accepts) return value;
      context.typeError(value, type);
      return zero;
    },
  };
}

export function integerReader(type: string): Reader {
  const limit = type === "int32" ? 2n ** 31n : 2n ** 63n;
  return {
    type,
    zero: () => 0,
    read: (value, context) => {
      if (
        typeof value === "number" &&
        Number.isSafeInteger(value) &&
        (type !== "int32" || Math.abs(value) < 2147483648)
      )
        return value;
      const text =
        value instanceof JsonNumber
          ? value.text
          : typeof value === "number" || typeof value === "bigint"
            ? String(value)
            : "";
      if (/^-?[0-9]+$/.test(text)) {
        const exact = BigInt(text);
        if (exact >= -limit && exact < limit) return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
      }
      context.typeError(value, type);
      return 0;
    },
  };
}
const int32 = integerReader("int32");

export const floatReader: Reader = {
  type: "float64",
  zero: () => 0,
  read: (value, context) => {
    if (typeof value === "number") return value;
    if (value instanceof JsonNumber && Number.isFinite(Number(value.text))) return Number(value.text);
    context.typeError(value, "float64");
    return 0;
  },
};
