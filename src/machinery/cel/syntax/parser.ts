/**
 * Reads CEL source into its syntax tree with macros expanded. Source that does not follow the grammar
 * is handed to syntax-errors.ts, which says why in the words of cel-go; what follows the grammar but
 * means nothing (a reserved word, a number too large, a malformed macro) is reported here.
 * Source: cel-spec doc/langdef.md; limits and texts of github.com/google/cel-go/parser.
 */
import type { Issue, MacroDecl } from "../contract.ts";
import { CelUint } from "../values.ts";
import type { Expr, MapEntry, ParsedAst, StructField } from "./ast.ts";
import { createFactory, createIds, type Ids } from "./factory.ts";
import { type Token, type TokenKind, tokenize } from "./lexer.ts";
import { codePointOffsets, createIssues, type Issues, issuesText } from "./source.ts";
import { reportSyntaxErrors } from "./syntax-errors.ts";
import { bytesValue, stringValue } from "./unescape.ts";

/** Longest source in code points and deepest nesting of one rule. */
const MAX_CODE_POINTS = 100_000;
const MAX_DEPTH = 250;

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

export interface ParseOptions {
  readonly macros: ReadonlyMap<string, MacroDecl>;
  readonly optionalSyntax: boolean;
  readonly escapedIdentifiers: boolean;
  readonly keepMacroCalls: boolean;
}

export type Parsed =
  | { readonly ast: ParsedAst; readonly issues: readonly []; readonly text: "" }
  | { readonly ast: undefined; readonly issues: readonly Issue[]; readonly text: string };

/** How macros are found: by name, number of arguments (or any) and call style. */
export function macroKey(name: string, argCount: number, receiver: boolean): string {
  return `${name}:${argCount < 0 ? "*" : argCount}:${receiver}`;
}

/** Raised inside the parser where the tokens leave the grammar. */
class SyntaxFailure extends Error {}

/** Raised where an expression nests too deep. */
class DepthFailure extends Error {}

type Rule = "expr" | "or" | "and" | "relation" | "calc" | "unary" | "member" | "primary" | "list";

interface State {
  readonly source: string;
  readonly tokens: readonly Token[];
  readonly options: ParseOptions;
  readonly ids: Ids;
  readonly issues: Issues;
  readonly offset: (unit: number) => number;
  readonly depths: Record<Rule, number>;
  readonly macroCalls: Map<number, Expr>;
  at: number;
}

function peek(state: State, ahead = 0): TokenKind {
  return state.tokens[state.at + ahead]?.kind ?? "<EOF>";
}

function current(state: State): Token {
  const token = state.tokens[state.at];
  if (token === undefined) throw new SyntaxFailure();
  return token;
}

function accept(state: State, kind: TokenKind): Token | undefined {
  return peek(state) === kind ? take(state) : undefined;
}

function take(state: State): Token {
  const token = current(state);
  state.at++;
  return token;
}

function expect(state: State, kind: TokenKind): Token {
  if (peek(state) !== kind) throw new SyntaxFailure();
  return take(state);
}

function textOf(state: State, token: Token): string {
  return state.source.slice(token.start, token.end);
}

function idAt(state: State, token: Token): number {
  return state.ids.at(state.offset(token.start));
}

function report(state: State, token: Token, message: string): Expr {
  const offset = state.offset(token.start);
  state.issues.add(offset, message);
  return { kind: "unspecified", id: state.ids.at(offset) };
}

function enter(state: State, rule: Rule): void {
  state.depths[rule]++;
  if (state.depths[rule] > MAX_DEPTH) throw new DepthFailure();
}

function leave(state: State, rule: Rule, levels = 1): void {
  state.depths[rule] -= levels;
}

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

function parseLiteral(state: State): Expr {
  const first = current(state);
  const sign = accept(state, "'-'") === undefined ? "" : "-";
  const token = take(state);
  const text = textOf(state, token);
  if (sign !== "" && token.kind !== "NUM_INT" && token.kind !== "NUM_FLOAT") throw new SyntaxFailure();
  const literal = (value: bigint | number | CelUint | string | Uint8Array | boolean | null): Expr => ({
    kind: "literal",
    id: idAt(state, first),
    value,
  });
  switch (token.kind) {
    case "NUM_INT": {
      const value = sign === "" ? BigInt(text) : -BigInt(text);
      return BigInt.asIntN(64, value) === value ? literal(value) : report(state, first, "invalid int literal");
    }
    case "NUM_UINT": {
      const value = BigInt(text.slice(0, -1));
      return BigInt.asUintN(64, value) === value
        ? literal(new CelUint(value))
        : report(state, first, "invalid uint literal");
    }
    case "NUM_FLOAT": {
      const value = Number(sign + text);
      return Number.isFinite(value) ? literal(value) : report(state, first, "invalid double literal");
    }
    case "STRING":
    case "BYTES": {
      const value = token.kind === "STRING" ? stringValue(text) : bytesValue(text);
      if (typeof value === "string" || value instanceof Uint8Array) return literal(value);
      report(state, first, value.error);
      return literal(text);
    }
    case "'true'":
      return literal(true);
    case "'false'":
      return literal(false);
    case "'null'":
      return literal(null);
    default:
      throw new SyntaxFailure();
  }
}

interface Call {
  readonly id: number;
  readonly name: string;
  readonly target: Expr | undefined;
  readonly args: readonly Expr[];
}

/** A call, or what the macro of that name makes of it. */
function call(state: State, { id, name, target, args }: Call): Expr {
  const plain: Expr = { kind: "call", id, function: name, target, args };
  const receiver = target !== undefined;
  const { macros } = state.options;
  const macro = macros.get(macroKey(name, args.length, receiver)) ?? macros.get(macroKey(name, -1, receiver));
  if (macro === undefined) return plain;
  const offset = state.ids.positions.get(id) ?? -1;
  const expanded = macro.expand(createFactory(state.ids, offset), target, args);
  if (expanded === undefined) return plain;
  if ("issue" in expanded) {
    const place = state.ids.positions.get(expanded.id) ?? offset;
    state.issues.add(place, expanded.issue);
    return { kind: "unspecified", id: state.ids.at(place) };
  }
  if (state.options.keepMacroCalls) state.macroCalls.set(expanded.id, keptCall(state, { id: 0, name, target, args }));
  return expanded;
}

/** The call as written, with nested macros replaced by their ids. */
function keptCall(state: State, { name, target, args }: Call): Expr {
  const keep = (expr: Expr): Expr => {
    if (state.macroCalls.has(expr.id)) return { kind: "unspecified", id: expr.id };
    if (expr.kind === "call")
      return { ...expr, target: expr.target === undefined ? undefined : keep(expr.target), args: expr.args.map(keep) };
    return expr.kind === "list" ? { ...expr, elements: expr.elements.map(keep) } : expr;
  };
  return {
    kind: "call",
    id: 0,
    function: name,
    target: target === undefined ? undefined : keep(target),
    args: args.map(keep),
  };
}

function newState(source: string, options: ParseOptions, issues: Issues): State & { lexed: boolean } {
  const { tokens, errors } = tokenize(source);
  return {
    source,
    tokens,
    options,
    ids: createIds(),
    issues,
    offset: codePointOffsets(source),
    depths: { expr: 0, or: 0, and: 0, relation: 0, calc: 0, unary: 0, member: 0, primary: 0, list: 0 },
    macroCalls: new Map(),
    at: 0,
    lexed: errors.length === 0,
  };
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
