/** `cel.bind(x, value, expression)`. Source: cel-go ext/bindings.go. */
import type { Library } from "../contract.ts";

export const BINDINGS: Library = {
  name: "cel.lib.ext.cel.bindings",
  macros: [
    {
      name: "bind",
      receiver: true,
      argCount: 3,
      expand(build, target, args) {
        const [variable, value, body] = args;
        if (target?.kind !== "ident" || target.name !== "cel") return undefined;
        if (variable === undefined || value === undefined || body === undefined) return undefined;
        if (variable.kind !== "ident")
          return build.issue(variable.id, "cel.bind() variable names must be simple identifiers");
        return build.comprehension({
          range: build.list(),
          iterVar: "#unused",
          accuVar: variable.name,
          accuInit: value,
          condition: build.literal(false),
          step: build.ident(variable.name),
          result: body,
        });
      },
    },
  ],
};
