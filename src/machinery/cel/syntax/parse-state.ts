// Where a parse stands: the tokens and the next of them, the ids given so far, how deep each rule of the grammar is nested.
import type { MacroDecl } from "../contract.ts";
import type { Expr } from "./ast.ts";
import { createIds, type Ids } from "./factory.ts";
import { type Token, type TokenKind, tokenize } from "./lexer.ts";
import { codePointOffsets, type Issues } from "./source.ts";

/** Deepest nesting of one rule. */
export const MAX_DEPTH = 250;

export interface ParseOptions {
  readonly macros: ReadonlyMap<string, MacroDecl>;
  readonly optionalSyntax: boolean;
  readonly escapedIdentifiers: boolean;
  readonly keepMacroCalls: boolean;
}

/** Raised inside the parser where the tokens leave the grammar. */
export class SyntaxFailure extends Error {}

/** Raised where an expression nests too deep. */
export class DepthFailure extends Error {}

export type Rule = "expr" | "or" | "and" | "relation" | "calc" | "unary" | "member" | "primary" | "list";

export interface State {
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

export function peek(state: State, ahead = 0): TokenKind {
  return state.tokens[state.at + ahead]?.kind ?? "<EOF>";
}

export function current(state: State): Token {
  const token = state.tokens[state.at];
  if (token === undefined) throw new SyntaxFailure();
  return token;
}

export function accept(state: State, kind: TokenKind): Token | undefined {
  return peek(state) === kind ? take(state) : undefined;
}

export function take(state: State): Token {
  const token = current(state);
  state.at++;
  return token;
}

export function expect(state: State, kind: TokenKind): Token {
  if (peek(state) !== kind) throw new SyntaxFailure();
  return take(state);
}

export function textOf(state: State, token: Token): string {
  return state.source.slice(token.start, token.end);
}

export function idAt(state: State, token: Token): number {
  return state.ids.at(state.offset(token.start));
}

export function report(state: State, token: Token, message: string): Expr {
  const offset = state.offset(token.start);
  state.issues.add(offset, message);
  return { kind: "unspecified", id: state.ids.at(offset) };
}

export function enter(state: State, rule: Rule): void {
  state.depths[rule]++;
  if (state.depths[rule] > MAX_DEPTH) throw new DepthFailure();
}

export function leave(state: State, rule: Rule, levels = 1): void {
  state.depths[rule] -= levels;
}

export function newState(source: string, options: ParseOptions, issues: Issues): State & { lexed: boolean } {
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
