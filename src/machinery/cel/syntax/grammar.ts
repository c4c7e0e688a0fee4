/**
 * The grammar as a graph of states, for the sake of error messages alone: what may come next at each
 * place is what a message says was expected. Places where the parser looks further than one token have a
 * `decision`. Source: cel-spec doc/langdef.md "Syntax", in the form that cel-go's parser is generated from.
 */
import type { TokenKind } from "./lexer.ts";

export type RuleName =
  | "start"
  | "expr"
  | "or"
  | "and"
  | "relation"
  | "calc"
  | "unary"
  | "member"
  | "primary"
  | "exprList"
  | "listInit"
  | "fieldList"
  | "optField"
  | "mapList"
  | "escapeIdent"
  | "optExpr"
  | "literal";

/** Where the next token alone does not tell the way. */
export type Decision =
  | "relation"
  | "calc"
  | "member"
  | "memberKind"
  | "unary"
  | "minus"
  | "primary"
  | "comma"
  | "literal";

export type Node =
  | { readonly kind: "token"; readonly tokens: ReadonlySet<TokenKind>; readonly state: number }
  | {
      readonly kind: "rule";
      readonly rule: RuleName;
      readonly level: number;
      readonly state: number;
      readonly follow: number;
    }
  | { readonly kind: "sequence"; readonly nodes: readonly Node[] }
  | { readonly kind: "optional"; readonly body: Node; readonly state: number }
  | {
      readonly kind: "choice";
      readonly options: readonly Node[];
      readonly decision: Decision | undefined;
      readonly state: number;
    }
  | {
      readonly kind: "star";
      readonly body: Node;
      readonly decision: Decision | undefined;
      readonly state: number;
      readonly back: number;
    }
  | {
      readonly kind: "plus";
      readonly body: Node;
      readonly decision: Decision | undefined;
      readonly state: number;
      readonly back: number;
    };

/** A state of the graph: ways without a token, ways with one, and the rule that is entered here. */
interface State {
  readonly next: number[];
  tokens: ReadonlySet<TokenKind> | undefined;
  rule: RuleName | undefined;
  /** Where a token or rule leads. */
  target: number;
}

/** The tokens that may come at a state, and whether its rule may end there. */
export interface Expected {
  readonly tokens: ReadonlySet<TokenKind>;
  readonly ends: boolean;
}

const states: State[] = [];

function newState(): number {
  return states.push({ next: [], tokens: undefined, rule: undefined, target: -1 }) - 1;
}

function stateAt(id: number): State {
  const state = states[id];
  if (state === undefined) throw new RangeError(`the grammar has no state ${id}`);
  return state;
}

/** Builds a node between two states. */
type Build = (from: number, to: number) => Node;

function token(...kinds: TokenKind[]): Build {
  return (from, to) => {
    const tokens = new Set(kinds);
    const state = newState();
    stateAt(from).next.push(state);
    Object.assign(stateAt(state), { tokens, target: to });
    return { kind: "token", tokens, state };
  };
}

function rule(name: RuleName, level = 0): Build {
  return (from, to) => {
    const state = newState();
    stateAt(from).next.push(state);
    Object.assign(stateAt(state), { rule: name, target: to });
    return { kind: "rule", rule: name, level, state, follow: to };
  };
}

function sequence(...parts: Build[]): Build {
  return (from, to) => {
    let at = from;
    const nodes = parts.map((part, index) => {
      const end = index === parts.length - 1 ? to : newState();
      const node = part(at, end);
      at = end;
      return node;
    });
    return { kind: "sequence", nodes };
  };
}

function optional(part: Build): Build {
  return (from, to) => {
    const state = newState();
    stateAt(from).next.push(state);
    const body = part(state, to);
    stateAt(state).next.push(to);
    return { kind: "optional", body, state };
  };
}

function choice(decision: Decision | undefined, ...parts: Build[]): Build {
  return (from, to) => {
    const state = newState();
    stateAt(from).next.push(state);
    return { kind: "choice", options: parts.map((part) => part(state, to)), decision, state };
  };
}

function star(part: Build, decision?: Decision): Build {
  return (from, to) => {
    const state = newState();
    const back = newState();
    stateAt(from).next.push(state);
    const body = part(state, back);
    stateAt(back).next.push(state);
    stateAt(state).next.push(to);
    return { kind: "star", body, decision, state, back };
  };
}

function plus(part: Build, decision?: Decision): Build {
  return (from, to) => {
    const state = newState();
    const back = newState();
    stateAt(from).next.push(state);
    const body = part(state, back);
    stateAt(back).next.push(state, to);
    return { kind: "plus", body, decision, state, back };
  };
}

const dot = token("'.'");
const comma = token("','");
const identifier = token("IDENTIFIER");
const question = optional(token("'?'"));
const argumentList = sequence(token("'('"), optional(rule("exprList")), token("')'"));

/**
 * Levels are those of left recursion: a rule called at a level takes only operators that bind as tightly.
 * A name at level 1 is that of a selected field.
 */
const RULES: Readonly<Record<RuleName, Build>> = {
  start: sequence(rule("expr"), token("<EOF>")),
  expr: sequence(rule("or"), optional(sequence(token("'?'"), rule("or"), token("':'"), rule("expr")))),
  or: sequence(rule("and"), star(sequence(token("'||'"), rule("and")))),
  and: sequence(rule("relation"), star(sequence(token("'&&'"), rule("relation")))),
  relation: sequence(
    rule("calc"),
    star(sequence(token("'<'", "'<='", "'>='", "'>'", "'=='", "'!='", "'in'"), rule("relation", 2)), "relation"),
  ),
  calc: sequence(
    rule("unary"),
    star(
      choice(
        "calc",
        sequence(token("'*'", "'/'", "'%'"), rule("calc", 3)),
        sequence(token("'+'", "'-'"), rule("calc", 2)),
      ),
      "calc",
    ),
  ),
  unary: choice(
    "unary",
    rule("member"),
    sequence(plus(token("'!'")), rule("member")),
    sequence(plus(token("'-'"), "minus"), rule("member")),
  ),
  member: sequence(
    rule("primary"),
    star(
      choice(
        "memberKind",
        sequence(dot, question, rule("escapeIdent", 1)),
        sequence(dot, identifier, argumentList),
        sequence(token("'['"), question, rule("expr"), token("']'")),
      ),
      "member",
    ),
  ),
  primary: choice(
    "primary",
    sequence(optional(dot), identifier),
    sequence(optional(dot), identifier, argumentList),
    sequence(token("'('"), rule("expr"), token("')'")),
    sequence(token("'['"), optional(rule("listInit")), optional(comma), token("']'")),
    sequence(token("'{'"), optional(rule("mapList")), optional(comma), token("'}'")),
    sequence(
      optional(dot),
      identifier,
      star(sequence(dot, identifier)),
      token("'{'"),
      optional(rule("fieldList")),
      optional(comma),
      token("'}'"),
    ),
    rule("literal"),
  ),
  exprList: sequence(rule("expr"), star(sequence(comma, rule("expr")))),
  listInit: sequence(rule("optExpr"), star(sequence(comma, rule("optExpr")), "comma")),
  fieldList: sequence(
    rule("optField"),
    token("':'"),
    rule("expr"),
    star(sequence(comma, rule("optField"), token("':'"), rule("expr")), "comma"),
  ),
  optField: sequence(question, rule("escapeIdent")),
  mapList: sequence(
    rule("optExpr"),
    token("':'"),
    rule("expr"),
    star(sequence(comma, rule("optExpr"), token("':'"), rule("expr")), "comma"),
  ),
  escapeIdent: choice(undefined, identifier, token("ESC_IDENTIFIER")),
  optExpr: sequence(question, rule("expr")),
  literal: choice(
    "literal",
    sequence(optional(token("'-'")), token("NUM_INT")),
    token("NUM_UINT"),
    sequence(optional(token("'-'")), token("NUM_FLOAT")),
    token("STRING"),
    token("BYTES"),
    token("'true'"),
    token("'false'"),
    token("'null'"),
  ),
};

interface Rule {
  readonly body: Node;
  readonly first: number;
}

const stops = new Set<number>();

const rules = new Map<RuleName, Rule>(
  Object.entries(RULES).map(([name, build]): [RuleName, Rule] => {
    const first = newState();
    const stop = newState();
    stops.add(stop);
    return [name as RuleName, { body: build(first, stop), first }];
  }),
);

export function ruleBody(name: RuleName): Node {
  const found = rules.get(name);
  if (found === undefined) throw new RangeError(`the grammar has no rule ${name}`);
  return found.body;
}

const known = new Map<number, Expected>();

/** What may come at a state, within its rule. No rule of the grammar is empty. */
export function expectedAt(state: number): Expected {
  const found = known.get(state);
  if (found !== undefined) return found;
  const tokens = new Set<TokenKind>();
  const seen = new Set<number>();
  let ends = false;
  const visit = (id: number): void => {
    if (seen.has(id)) return;
    seen.add(id);
    if (stops.has(id)) ends = true;
    const { next, tokens: own, rule: entered } = stateAt(id);
    for (const kind of own ?? []) tokens.add(kind);
    if (entered !== undefined) {
      const first = rules.get(entered)?.first;
      if (first !== undefined) for (const kind of expectedAt(first).tokens) tokens.add(kind);
    }
    for (const target of next) visit(target);
  };
  visit(state);
  const expected = { tokens, ends };
  known.set(state, expected);
  return expected;
}

/** Where a token's state leads. */
export function targetOf(state: number): number {
  return stateAt(state).target;
}

/** Whether a node may begin with a token. */
export function startsWith(node: Node, kind: TokenKind): boolean {
  if (node.kind === "sequence") {
    for (const part of node.nodes) {
      if (startsWith(part, kind)) return true;
      if (part.kind !== "optional" && part.kind !== "star") return false;
    }
    return false;
  }
  if (node.kind === "optional" || node.kind === "star" || node.kind === "plus") return startsWith(node.body, kind);
  return expectedAt(node.state).tokens.has(kind);
}
