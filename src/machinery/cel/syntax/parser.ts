/**
 * Reads CEL source into its syntax tree with macros expanded. Source that does not follow the grammar
 * is handed to syntax-errors.ts, which says why in the words of cel-go; what follows the grammar but
 * means nothing (a reserved word, a number too large, a malformed macro) is reported here.
 * Source: cel-spec doc/langdef.md; limits and texts of github.com/google/cel-go/parser.
 */
import type { Issue } from "../contract.ts";
import type { Expr, MapEntry, ParsedAst, StructField } from "./ast.ts";
import type { Token, TokenKind } from "./lexer.ts";
import { call } from "./parse-call.ts";
import { parseLiteral } from "./parse-literal.ts";
import {
  accept,
  current,
  DepthFailure,
  enter,
  expect,
  idAt,
  leave,
  MAX_DEPTH,
  newState,
  type ParseOptions,
  peek,
  report,
  type State,
  SyntaxFailure,
  take,
  textOf,
} from "./parse-state.ts";
import { createIssues, issuesText } from "./source.ts";
import { reportSyntaxErrors } from "./syntax-errors.ts";

/** Longest source. */
const MAX_CODE_POINTS = 100_000;

const RESERVED = new Set(
  (
    "as break const continue else false for function if import in let loop package namespace null return true var " +
    "void while"
  ).split(" "),
);

/** The grammar's binary operators by precedence, the loosest first; `&&` and `||` are apart. */
const RELATIONS = new Set<TokenKind>(["'<'", "'<='", "'>='", "'>'", "'=='", "'!='", "'in'"]);
const SUMS = new Set<TokenKind>(["'+'", "'-'"]);
const PRODUCTS = new Set<TokenKind>(["'*'", "'/'", "'%'"]);

export type Parsed =
  | { readonly ast: ParsedAst; readonly issues: readonly []; readonly text: "" }
  | { readonly ast: undefined; readonly issues: readonly Issue[]; readonly text: string };

function parseExpr(state: State): Expr {
  enter(state, "expr");
  const condition = parseLogic(state, "or");
  const question = accept(state, "'?'");
  if (question === undefined) {
    leave(state, "expr");
    return condition;
  }
  const id = idAt(state, question);
  const yes = parseLogic(state, "or");
  expect(state, "':'");
  const no = parseExpr(state);
  leave(state, "expr");
  return call(state, { id, name: "_?_:_", target: undefined, args: [condition, yes, no] });
}

/** A chain of `||` or of `&&`, built as a balanced tree. */
function parseLogic(state: State, rule: "or" | "and"): Expr {
  enter(state, rule);
  const next = (): Expr => (rule === "or" ? parseLogic(state, "and") : parseRelation(state));
  const operator = rule === "or" ? "'||'" : "'&&'";
  const terms = [next()];
  const operators: number[] = [];
  for (let token = accept(state, operator); token !== undefined; token = accept(state, operator)) {
    terms.push(next());
    operators.push(idAt(state, token));
  }
  leave(state, rule);
  const name = rule === "or" ? "_||_" : "_&&_";
  return operators.length === 0 ? (terms[0] as Expr) : balance({ name, terms, operators }, 0, operators.length - 1);
}

interface Chain {
  readonly name: string;
  readonly terms: readonly Expr[];
  readonly operators: readonly number[];
}

function balance(chain: Chain, low: number, high: number): Expr {
  const { name, terms, operators } = chain;
  const middle = Math.floor((low + high + 1) / 2);
  const left = middle === low ? (terms[middle] as Expr) : balance(chain, low, middle - 1);
  const right = middle === high ? (terms[middle + 1] as Expr) : balance(chain, middle + 1, high);
  return { kind: "call", id: operators[middle] ?? 0, function: name, target: undefined, args: [left, right] };
}

function operatorName(state: State, token: Token): string {
  return token.kind === "'in'" ? "@in" : `_${textOf(state, token)}_`;
}

interface Level {
  readonly rule: "relation" | "calc";
  readonly operators: ReadonlySet<TokenKind>;
  next(state: State): Expr;
}

const PRODUCT: Level = { rule: "calc", operators: PRODUCTS, next: parseUnary };
const SUM: Level = { rule: "calc", operators: SUMS, next: (state) => parseChain(state, PRODUCT) };
const RELATION: Level = { rule: "relation", operators: RELATIONS, next: parseCalc };

/** A left-associative chain; the grammar's left recursion counts one level per operator. */
function parseChain(state: State, level: Level): Expr {
  let left = level.next(state);
  let levels = 0;
  while (level.operators.has(peek(state))) {
    enter(state, level.rule);
    levels++;
    const token = take(state);
    enter(state, level.rule);
    const right = level.next(state);
    leave(state, level.rule);
    left = call(state, {
      id: idAt(state, token),
      name: operatorName(state, token),
      target: undefined,
      args: [left, right],
    });
  }
  leave(state, level.rule, levels);
  return left;
}

function parseRelation(state: State): Expr {
  enter(state, "relation");
  const expr = parseChain(state, RELATION);
  leave(state, "relation");
  return expr;
}

function parseCalc(state: State): Expr {
  enter(state, "calc");
  const expr = parseChain(state, SUM);
  leave(state, "calc");
  return expr;
}

function parseUnary(state: State): Expr {
  enter(state, "unary");
  const expr = parseSigned(state);
  leave(state, "unary");
  return expr;
}

function parseSigned(state: State): Expr {
  const kind = peek(state);
  const isLiteralSign = kind === "'-'" && (peek(state, 1) === "NUM_INT" || peek(state, 1) === "NUM_FLOAT");
  if (kind !== "'!'" && (kind !== "'-'" || isLiteralSign)) return parseMember(state);
  const first = current(state);
  let count = 0;
  while (accept(state, kind) !== undefined) count++;
  if (count % 2 === 0) return parseMember(state);
  const id = idAt(state, first);
  const args = [parseMember(state)];
  return call(state, { id, name: kind === "'!'" ? "!_" : "-_", target: undefined, args });
}

function parseMember(state: State): Expr {
  enter(state, "member");
  let expr = parsePrimary(state);
  let levels = 0;
  for (;;) {
    const kind = peek(state);
    if (kind !== "'.'" && kind !== "'['") break;
    enter(state, "member");
    levels++;
    expr = kind === "'.'" ? parseSelect(state, expr) : parseIndex(state, expr);
  }
  leave(state, "member", levels + 1);
  return expr;
}

function parseSelect(state: State, operand: Expr): Expr {
  const dot = take(state);
  const optional = accept(state, "'?'");
  const name = take(state);
  if (name.kind !== "IDENTIFIER" && name.kind !== "ESC_IDENTIFIER") throw new SyntaxFailure();
  if (name.kind === "IDENTIFIER" && optional === undefined && peek(state) === "'('") {
    const open = take(state);
    const id = idAt(state, open);
    const args = parseArguments(state);
    return call(state, { id, name: textOf(state, name), target: operand, args });
  }
  const field = identifier(state, name);
  if (optional === undefined) return { kind: "select", id: idAt(state, dot), operand, field, testOnly: false };
  if (!state.options.optionalSyntax) return report(state, dot, "unsupported syntax '.?'");
  const literal: Expr = { kind: "literal", id: idAt(state, name), value: field };
  return { kind: "call", id: idAt(state, dot), function: "_?._", target: undefined, args: [operand, literal] };
}

/** The name a token spells; backticks are dropped. */
function identifier(state: State, token: Token): string {
  const text = textOf(state, token);
  if (token.kind !== "ESC_IDENTIFIER") return text;
  if (!state.options.escapedIdentifiers) report(state, token, "unsupported syntax: '`'");
  return text.slice(1, -1);
}

function parseIndex(state: State, operand: Expr): Expr {
  const open = take(state);
  const optional = accept(state, "'?'");
  const id = idAt(state, open);
  const index = parseExpr(state);
  expect(state, "']'");
  if (optional !== undefined && !state.options.optionalSyntax) return report(state, open, "unsupported syntax '[?'");
  return call(state, {
    id,
    name: optional === undefined ? "_[_]" : "_[?_]",
    target: undefined,
    args: [operand, index],
  });
}

/** Arguments up to and including the closing parenthesis. */
function parseArguments(state: State): readonly Expr[] {
  if (accept(state, "')'") !== undefined) return [];
  enter(state, "list");
  const args = [parseExpr(state)];
  while (accept(state, "','") !== undefined) args.push(parseExpr(state));
  leave(state, "list");
  expect(state, "')'");
  return args;
}

function parsePrimary(state: State): Expr {
  enter(state, "primary");
  const expr = parseOperand(state);
  leave(state, "primary");
  return expr;
}

function parseOperand(state: State): Expr {
  const token = current(state);
  switch (token.kind) {
    case "'.'":
    case "IDENTIFIER":
      return parseName(state);
    case "'('": {
      take(state);
      const inner = parseExpr(state);
      expect(state, "')'");
      return inner;
    }
    case "'['":
      return parseList(state);
    case "'{'":
      return parseMap(state);
    default:
      return parseLiteral(state);
  }
}

/** How many tokens a message name takes before its brace, or 0 when this is not a message. */
function messageNameLength(state: State): number {
  let length = peek(state) === "'.'" ? 1 : 0;
  if (peek(state, length) !== "IDENTIFIER") return 0;
  length++;
  while (peek(state, length) === "'.'" && peek(state, length + 1) === "IDENTIFIER") length += 2;
  return peek(state, length) === "'{'" ? length : 0;
}

function parseName(state: State): Expr {
  const nameLength = messageNameLength(state);
  if (nameLength > 0) return parseMessage(state, nameLength);
  const first = current(state);
  const dot = accept(state, "'.'");
  const token = expect(state, "IDENTIFIER");
  const text = textOf(state, token);
  const name = dot === undefined ? text : `.${text}`;
  const open = accept(state, "'('");
  if (open === undefined) {
    if (RESERVED.has(text)) return report(state, first, `reserved identifier: ${text}`);
    return { kind: "ident", id: idAt(state, token), name };
  }
  const id = idAt(state, open);
  const mark = state.issues.count;
  const args = parseArguments(state);
  if (RESERVED.has(text) && mark === state.issues.count) return report(state, first, `reserved identifier: ${text}`);
  return call(state, { id, name, target: undefined, args });
}

function parseMessage(state: State, nameLength: number): Expr {
  let typeName = "";
  for (let index = 0; index < nameLength; index++) typeName += textOf(state, take(state));
  const id = idAt(state, expect(state, "'{'"));
  const fields: StructField[] = [];
  while (peek(state) !== "'}'" && peek(state) !== "','") {
    fields.push(parseField(state));
    if (peek(state) !== "','" || peek(state, 1) === "'}'") break;
    take(state);
  }
  accept(state, "','");
  expect(state, "'}'");
  return { kind: "struct", id, typeName, fields };
}

function parseField(state: State): StructField {
  const optional = accept(state, "'?'");
  const name = take(state);
  if (name.kind !== "IDENTIFIER" && name.kind !== "ESC_IDENTIFIER") throw new SyntaxFailure();
  const id = idAt(state, expect(state, "':'"));
  if (optional !== undefined && !state.options.optionalSyntax) report(state, optional, "unsupported syntax '?'");
  const value = parseExpr(state);
  return { id, name: identifier(state, name), value, optional: optional !== undefined };
}

/** An element, key or their optional form. */
function parseOptional(state: State): { expr: Expr; optional: boolean } {
  const mark = accept(state, "'?'");
  const expr = parseExpr(state);
  if (mark !== undefined && !state.options.optionalSyntax) report(state, mark, "unsupported syntax '?'");
  return { expr, optional: mark !== undefined };
}

function parseList(state: State): Expr {
  const id = idAt(state, take(state));
  const elements: Expr[] = [];
  const optionals: number[] = [];
  if (peek(state) !== "']'" && peek(state) !== "','") {
    enter(state, "list");
    do {
      const element = parseOptional(state);
      if (element.optional) optionals.push(elements.length);
      elements.push(element.expr);
    } while (peek(state) === "','" && peek(state, 1) !== "']'" && take(state) !== undefined);
    leave(state, "list");
  }
  accept(state, "','");
  expect(state, "']'");
  return { kind: "list", id, elements, optionals };
}

function parseMap(state: State): Expr {
  const id = idAt(state, take(state));
  const entries: MapEntry[] = [];
  if (peek(state) !== "'}'" && peek(state) !== "','") {
    enter(state, "list");
    do {
      const key = parseOptional(state);
      const entryId = idAt(state, expect(state, "':'"));
      entries.push({ id: entryId, key: key.expr, value: parseExpr(state), optional: key.optional });
    } while (peek(state) === "','" && peek(state, 1) !== "'}'" && take(state) !== undefined);
    leave(state, "list");
  }
  accept(state, "','");
  expect(state, "'}'");
  return { kind: "map", id, entries };
}

/** Parses; the tree is undefined when there are issues. */
export function parse(source: string, options: ParseOptions): Parsed {
  let issues = createIssues(source);
  const failed = (): Parsed => ({ ast: undefined, issues: issues.list(), text: issuesText(source, issues) });
  const size = source.length > MAX_CODE_POINTS ? [...source].length : source.length;
  if (size > MAX_CODE_POINTS) {
    issues.add(-1, `expression code point size exceeds limit: size: ${size}, limit ${MAX_CODE_POINTS}`);
    return failed();
  }
  const state = newState(source, options, issues);
  try {
    if (!state.lexed) throw new SyntaxFailure();
    const expr = parseExpr(state);
    if (peek(state) !== "<EOF>") throw new SyntaxFailure();
    if (issues.count > 0) return failed();
    const { positions } = state.ids;
    return { ast: { expr, source, positions, macroCalls: state.macroCalls }, issues: [], text: "" };
  } catch (error) {
    issues = createIssues(source);
    if (error instanceof DepthFailure) issues.add(-1, `expression recursion limit exceeded: ${MAX_DEPTH}`);
    else if (error instanceof SyntaxFailure) reportSyntaxErrors(source, issues, (word) => RESERVED.has(word));
    else throw error;
    return failed();
  }
}
