/**
 * Resource quantities. Source: k8s.io/apiserver/pkg/cel/library/quantity.go, k8s.io/apimachinery/pkg/api/resource.
 */
import { hasInt64Form, parseQuantity, QuantityError } from "../../../quantity.ts";
import type { Library } from "../../contract.ts";
import { BOOL, DOUBLE, INT, STRING, structType } from "../../types.ts";
import { CelError, type Result } from "../../values.ts";
import { functions, LibraryValue, method, overload } from "./lib.ts";

export const QUANTITY_TYPE = structType("kubernetes.Quantity");

/** amount · 10^exponent. */
interface Decimal {
  readonly amount: bigint;
  readonly exponent: number;
  /** Upstream holds it as an int64 and an exponent; only such a quantity can be an integer. */
  readonly short: boolean;
}

const inInt64 = (value: bigint): boolean => value >= -(2n ** 63n) && value < 2n ** 63n;
const pow10 = (exponent: number): bigint => 10n ** BigInt(exponent);
const sign = (value: bigint): bigint => (value > 0n ? 1n : value < 0n ? -1n : 0n);

/** `amount` written with a smaller exponent. */
const atExponent = ({ amount, exponent }: Decimal, target: number): bigint => amount * pow10(exponent - target);

class QuantityValue extends LibraryValue<Decimal> {
  readonly type = QUANTITY_TYPE;

  protected same(other: Decimal): boolean {
    return compareDecimals(this.content, other) === 0n;
  }
}

function toQuantity(text: string): QuantityValue | CelError {
  try {
    // The parser takes text with spaces around, which upstream's does not.
    if (text !== text.trim()) return new QuantityValue(parsed(text.replace(/\s/g, "?")));
    return new QuantityValue(parsed(text));
  } catch (error) {
    if (error instanceof QuantityError) return new CelError(error.message);
    throw error;
  }
}

function parsed(text: string): Decimal {
  const { unscaled, scale } = parseQuantity(text);
  return { amount: unscaled, exponent: -scale, short: hasInt64Form(text) };
}

function compareDecimals(a: Decimal, b: Decimal): bigint {
  if (sign(a.amount) !== sign(b.amount) || a.amount === 0n) return sign(sign(a.amount) - sign(b.amount));
  const digits = (value: Decimal): number => String(value.amount).length + value.exponent;
  // Magnitudes that differ much are told apart without writing their zeros out.
  if (digits(a) !== digits(b)) return digits(a) > digits(b) ? sign(a.amount) : -sign(a.amount);
  const exponent = Math.min(a.exponent, b.exponent);
  return sign(atExponent(a, exponent) - atExponent(b, exponent));
}

function add(a: Decimal, b: Decimal): Result {
  if (b.amount === 0n) return new QuantityValue({ ...a, short: a.short && b.short });
  if (a.amount === 0n) return new QuantityValue({ ...b, short: a.short && b.short });
  const exponent = Math.min(a.exponent, b.exponent);
  const [left, right] = [atExponent(a, exponent), atExponent(b, exponent)];
  const amount = left + right;
  const short = a.short && b.short && inInt64(left) && inInt64(right) && inInt64(amount);
  return new QuantityValue({ amount, exponent, short });
}

const ofInt = (value: bigint): Decimal => ({ amount: value, exponent: 0, short: true });
const negative = (value: Decimal): Decimal => ({ ...value, amount: -value.amount });

/** The int64 that the quantity is, or undefined. */
function integer({ amount, exponent, short }: Decimal): bigint | undefined {
  if (!short || exponent < 0) return undefined;
  const value = amount * pow10(exponent);
  return inInt64(value) ? value : undefined;
}

const compare = (a: QuantityValue, b: QuantityValue): bigint => compareDecimals(a.content, b.content);
const Q = QUANTITY_TYPE;

export const QUANTITY: Library = {
  name: "kubernetes.quantity",
  functions: functions({
    quantity: [overload("string_to_quantity", [[STRING], Q], toQuantity)],
    isQuantity: [
      overload("is_quantity_string", [[STRING], BOOL], (text: string) => !(toQuantity(text) instanceof CelError)),
    ],
    sign: [overload("quantity_sign", [[Q], INT], (value: QuantityValue) => sign(value.content.amount))],
    isGreaterThan: [
      method("quantity_is_greater_than", [[Q, Q], BOOL], (a: QuantityValue, b: QuantityValue) => compare(a, b) > 0n),
    ],
    isLessThan: [
      method("quantity_is_less_than", [[Q, Q], BOOL], (a: QuantityValue, b: QuantityValue) => compare(a, b) < 0n),
    ],
    compareTo: [method("quantity_compare_to", [[Q, Q], INT], compare)],
    asApproximateFloat: [
      method(
        "quantity_get_float",
        [[Q], DOUBLE],
        ({ content }: QuantityValue) => Number(content.amount) * Number(`1e${content.exponent}`),
      ),
    ],
    asInteger: [
      method(
        "quantity_get_int",
        [[Q], INT],
        (value: QuantityValue) => integer(value.content) ?? new CelError("cannot convert value to integer"),
      ),
    ],
    isInteger: [
      method("quantity_is_integer", [[Q], BOOL], (value: QuantityValue) => integer(value.content) !== undefined),
    ],
    add: [
      method("quantity_add", [[Q, Q], Q], (a: QuantityValue, b: QuantityValue) => add(a.content, b.content)),
      method("quantity_add_int", [[Q, INT], Q], (a: QuantityValue, b: bigint) => add(a.content, ofInt(b))),
    ],
    sub: [
      method("quantity_sub", [[Q, Q], Q], (a: QuantityValue, b: QuantityValue) => add(a.content, negative(b.content))),
      method("quantity_sub_int", [[Q, INT], Q], (a: QuantityValue, b: bigint) => add(a.content, negative(ofInt(b)))),
    ],
  }),
};
