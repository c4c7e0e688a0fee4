/** Macros with two variables and what they build maps with. Source: cel-go ext/comprehensions.go. */
import type { Library } from "../contract.ts";
import { mapInsert, mapInsertAll } from "../runtime/maps.ts";
import { mapOf, typeParam } from "../types.ts";
import { TWO_VARIABLE_MACROS } from "./macros.ts";

const K = typeParam("K");
const V = typeParam("V");
const MAP = mapOf(K, V);

export const TWO_VARIABLE_COMPREHENSIONS: Library = {
  name: "cel.lib.ext.comprev2",
  macros: TWO_VARIABLE_MACROS,
  functions: [
    {
      name: "cel.@mapInsert",
      overloads: [
        { id: "@mapInsert_map_key_value", args: [MAP, K, V], result: MAP, evaluate: mapInsert },
        { id: "@mapInsert_map_map", args: [MAP, MAP], result: MAP, evaluate: mapInsertAll },
      ],
    },
  ],
};
