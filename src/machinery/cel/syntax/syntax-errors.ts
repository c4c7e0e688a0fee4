/**
 * Says where and why a source leaves the grammar, in the words of the parser cel-go generates with ANTLR.
 * It follows that parser step by step: where it checks ahead, which single token it drops or invents, to
 * which token it skips after an error, and when it stays silent. What it reads is not kept.
 * Source: ANTLR 4's default error strategy; cel-go parser/parser.go for limits and for the errors of words
 * and numbers that are found in what could be read.
 */
import { type Decision, expectedAt, type Node, type RuleName, ruleBody, startsWith, targetOf } from "./grammar.ts";
import { type LexError, TOKEN_ORDER, type Token, type TokenKind, tokenize } from "./lexer.ts";
import { codePointOffsets, type Issues } from "./source.ts";

const MAX_DEPTH = 250;
const MAX_REPORTS = 100;
const MAX_RECOVERIES = 30;

/** An error inside a rule; the rule reports it and skips ahead. */
class Failure extends Error {
  readonly token: Token;

  constructor(message: string, token: Token) {
    super(message);
    this.token = token;
  }
}

/** The end of the whole attempt. */
class Stop extends Error {}

interface Parser {
  readonly source: string;
  readonly tokens: readonly Token[];
  /** Texts that are no tokens. */
  readonly holes: readonly LexError[];
  readonly issues: Issues;
  readonly offset: (unit: number) => number;
  readonly isReserved: (word: string) => boolean;
  /** Where each rule that is being read goes on when it ends. */
  readonly follows: number[];
  readonly depths: Map<RuleName, number>;
  at: number;
  state: number;
  reports: number;
  recoveries: number;
  /** Set from an error until a token fits again: no more errors are told. */
  recovering: boolean;
  errorAt: number;
  errorStates: Set<number>;
}

function look(parser: Parser, ahead = 0): Token {
  const last = parser.tokens.length - 1;
  return parser.tokens[Math.min(parser.at + ahead, last)] as Token;
}

function consume(parser: Parser): void {
  if (parser.at < parser.tokens.length - 1) parser.at++;
}

function matched(parser: Parser): void {
  parser.recovering = false;
  parser.errorAt = -1;
  parser.errorStates = new Set();
}

function quote(text: string): string {
  return `'${text.replaceAll("\t", "\\t").replaceAll("\n", "\\n").replaceAll("\r", "\\r")}'`;
}

function shown(parser: Parser, token: Token): string {
  return token.kind === "<EOF>" ? "'<EOF>'" : quote(parser.source.slice(token.start, token.end));
}

function setText(kinds: ReadonlySet<TokenKind>): string {
  const names = TOKEN_ORDER.filter((kind) => kinds.has(kind));
  return names.length === 1 ? (names[0] ?? "") : `{${names.join(", ")}}`;
}

/** What may come at a state, with what may follow the rules that are being read. */
function expected(parser: Parser, state: number): ReadonlySet<TokenKind> {
  let at = expectedAt(state);
  if (!at.ends) return at.tokens;
  const tokens = new Set(at.tokens);
  for (let depth = parser.follows.length - 1; at.ends; depth--) {
    const follow = parser.follows[depth];
    if (follow === undefined) {
      tokens.add("<EOF>");
      break;
    }
    at = expectedAt(follow);
    for (const kind of at.tokens) tokens.add(kind);
  }
  return tokens;
}

function tell(parser: Parser, token: Token, message: string): void {
  const place = parser.offset(token.start);
  if (parser.reports >= MAX_REPORTS) {
    parser.issues.add(place, `Syntax error: More than ${MAX_REPORTS} syntax errors`);
    throw new Stop();
  }
  parser.reports++;
  parser.issues.add(place, `Syntax error: ${message}`);
}

function tellUnwanted(parser: Parser): void {
  if (parser.recovering) return;
  parser.recovering = true;
  const token = look(parser);
  const wanted = setText(expected(parser, parser.state));
  tell(parser, token, `extraneous input ${shown(parser, token)} expecting ${wanted}`);
}

function mismatch(parser: Parser): Failure {
  const token = look(parser);
  const wanted = setText(expected(parser, parser.state));
  return new Failure(`mismatched input ${shown(parser, token)} expecting ${wanted}`, token);
}

/** The text from one place to another without what is no token. */
function textBetween(parser: Parser, start: number, end: number): string {
  let text = "";
  let at = start;
  for (const hole of parser.holes) {
    if (hole.start < at || hole.start >= end) continue;
    text += parser.source.slice(at, hole.start);
    at = hole.end;
  }
  return text + parser.source.slice(at, Math.max(at, end));
}

/** A decision that no option survives: the text reaches to the token that ruled out the last one. */
function noViable(parser: Parser, ahead: number): Failure {
  const first = look(parser);
  const token = look(parser, ahead);
  const text = first.kind === "<EOF>" ? "<EOF>" : textBetween(parser, first.start, token.end);
  const message = `no viable alternative at input ${quote(text)}`;
  const reserved = /no viable alternative at input '.(true|false|null)'/;
  return new Failure(message.replace(reserved, "mismatched input '$1' expecting IDENTIFIER"), token);
}

function countRecovery(parser: Parser): void {
  if (parser.recoveries === MAX_RECOVERIES) {
    tell(parser, look(parser), `error recovery attempt limit exceeded: ${MAX_RECOVERIES}`);
    throw new Stop();
  }
  parser.recoveries++;
}

/** Drops one token when the one after it fits. */
function dropOne(parser: Parser): boolean {
  if (!expected(parser, parser.state).has(look(parser, 1).kind)) return false;
  tellUnwanted(parser);
  consume(parser);
  matched(parser);
  return true;
}

function recoverInline(parser: Parser): void {
  countRecovery(parser);
  if (dropOne(parser)) {
    consume(parser);
    return;
  }
  const wanted = expected(parser, parser.state);
  if (!expected(parser, targetOf(parser.state)).has(look(parser).kind)) throw mismatch(parser);
  if (parser.recovering) return;
  parser.recovering = true;
  tell(parser, look(parser), `missing ${setText(wanted)} at ${shown(parser, look(parser))}`);
}

function skipTo(parser: Parser, kinds: ReadonlySet<TokenKind>): void {
  while (look(parser).kind !== "<EOF>" && !kinds.has(look(parser).kind)) consume(parser);
}

/** Everything that may follow one of the rules that are being read. */
function recoverySet(parser: Parser): ReadonlySet<TokenKind> {
  const kinds = new Set<TokenKind>();
  for (const follow of parser.follows) for (const kind of expectedAt(follow).tokens) kinds.add(kind);
  return kinds;
}

function recover(parser: Parser): void {
  countRecovery(parser);
  if (parser.errorAt === parser.at && parser.errorStates.has(parser.state)) consume(parser);
  parser.errorAt = parser.at;
  parser.errorStates.add(parser.state);
  skipTo(parser, recoverySet(parser));
}

/** Looks whether what comes fits before a block is entered. */
function sync(parser: Parser, state: number): void {
  parser.state = state;
  if (parser.recovering) return;
  const { tokens, ends } = expectedAt(state);
  if (ends || tokens.has(look(parser).kind) || dropOne(parser)) return;
  throw mismatch(parser);
}

/** The same after a round of a loop, where what does not fit is skipped. */
function syncBack(parser: Parser, state: number): void {
  parser.state = state;
  if (parser.recovering) return;
  const { tokens, ends } = expectedAt(state);
  if (ends || tokens.has(look(parser).kind)) return;
  tellUnwanted(parser);
  skipTo(parser, new Set([...expected(parser, state), ...recoverySet(parser)]));
}

function call(parser: Parser, name: RuleName, level: number): void {
  const depth = (parser.depths.get(name) ?? 0) + 1;
  if (depth > MAX_DEPTH) {
    parser.issues.add(-1, `expression recursion limit exceeded: ${MAX_DEPTH}`);
    throw new Stop();
  }
  parser.depths.set(name, depth);
  try {
    run(parser, ruleBody(name), level);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (!parser.recovering) {
      parser.recovering = true;
      tell(parser, error.token, error.message);
    }
    if (name === "escapeIdent" && level === 1)
      parser.issues.add(parser.offset(error.token.start), "unsupported ident kind");
    recover(parser);
  }
  parser.depths.set(name, depth - 1);
}

function run(parser: Parser, node: Node, level: number): void {
  switch (node.kind) {
    case "token":
      parser.state = node.state;
      if (node.tokens.has(look(parser).kind)) {
        matched(parser);
        consume(parser);
      } else recoverInline(parser);
      return;
    case "rule":
      parser.state = node.state;
      parser.follows.push(node.follow);
      call(parser, node.rule, node.level);
      parser.follows.pop();
      return;
    case "sequence":
      for (const part of node.nodes) run(parser, part, level);
      return;
    case "optional":
      sync(parser, node.state);
      if (startsWith(node.body, look(parser).kind)) run(parser, node.body, level);
      return;
    case "choice":
      runChoice(parser, node, level);
      return;
    case "star":
      sync(parser, node.state);
      while (entersLoop(parser, node, level)) {
        run(parser, node.body, level);
        syncBack(parser, node.back);
      }
      return;
    case "plus":
      sync(parser, node.state);
      do {
        run(parser, node.body, level);
        syncBack(parser, node.back);
      } while (entersLoop(parser, node, level));
  }
}

function runChoice(parser: Parser, node: Node & { kind: "choice" }, level: number): void {
  sync(parser, node.state);
  const start = look(parser);
  const option = node.decision === undefined ? firstOption(parser, node) : decide(parser, node.decision);
  const chosen = node.options[option];
  if (chosen === undefined) throw noViable(parser, 0);
  if (node.decision === "primary" && option < 2) checkReserved(parser, start);
  if (node.decision === "literal") checkNumber(parser);
  run(parser, chosen, level);
}

function firstOption(parser: Parser, node: Node & { kind: "choice" }): number {
  return node.options.findIndex((option) => startsWith(option, look(parser).kind));
}

const PRODUCT = new Set<TokenKind>(["'*'", "'/'", "'%'"]);
const SUM = new Set<TokenKind>(["'+'", "'-'"]);

function entersLoop(parser: Parser, node: Node & { kind: "star" | "plus" }, level: number): boolean {
  const { kind } = look(parser);
  switch (node.decision) {
    case "relation":
      return level <= 1 && startsWith(node.body, kind);
    case "calc":
      return (PRODUCT.has(kind) && level <= 2) || (SUM.has(kind) && level <= 1);
    case "minus":
      return kind === "'-'" && continuesMinus(parser);
    case "comma":
      return kind === "','" && continuesAfterComma(parser, node.body);
    default:
      return startsWith(node.body, kind);
  }
}

/** A sign that something can follow; throws for one at which no operand and no sign stands. */
function continuesMinus(parser: Parser): boolean {
  const next = look(parser, 1).kind;
  if (next === "'-'" || startsWith(ruleBody("primary"), next)) return true;
  throw noViable(parser, 1);
}

/** A comma that another element follows, and not the one that may end the list. */
function continuesAfterComma(parser: Parser, body: Node): boolean {
  if (body.kind !== "sequence") return false;
  const [, element] = body.nodes;
  return element !== undefined && startsWith(element, look(parser, 1).kind);
}

/** Which option of a choice the tokens ahead select; throws where none is left before one is complete. */
function decide(parser: Parser, decision: Decision): number {
  switch (decision) {
    case "calc":
      return PRODUCT.has(look(parser).kind) ? 0 : 1;
    case "memberKind":
      return decideMember(parser);
    case "unary":
      return decideUnary(parser);
    case "primary":
      return decidePrimary(parser);
    case "literal":
      return decideLiteral(parser);
    default:
      return 0;
  }
}

function decideMember(parser: Parser): number {
  if (look(parser).kind === "'['") return 2;
  const next = look(parser, 1).kind;
  if (next === "'?'" || next === "ESC_IDENTIFIER") return 0;
  if (next !== "IDENTIFIER") throw noViable(parser, 1);
  return look(parser, 2).kind === "'('" ? 1 : 0;
}

function decideUnary(parser: Parser): number {
  const { kind } = look(parser);
  if (kind === "'!'") return 1;
  if (kind === "'-'") {
    const next = look(parser, 1).kind;
    if (next === "NUM_INT" || next === "NUM_FLOAT") return 0;
    if (next === "'-'" || startsWith(ruleBody("primary"), next)) return 2;
    throw noViable(parser, 1);
  }
  if (!startsWith(ruleBody("primary"), kind)) throw noViable(parser, 0);
  return 0;
}

function decidePrimary(parser: Parser): number {
  const { kind } = look(parser);
  if (kind === "'('") return 2;
  if (kind === "'['") return 3;
  if (kind === "'{'") return 4;
  if (kind !== "'.'" && kind !== "IDENTIFIER") {
    if (!startsWith(ruleBody("literal"), kind)) throw noViable(parser, 0);
    return 6;
  }
  let ahead = kind === "'.'" ? 1 : 0;
  if (look(parser, ahead).kind !== "IDENTIFIER") throw noViable(parser, ahead);
  ahead++;
  if (look(parser, ahead).kind === "'('") return 1;
  while (look(parser, ahead).kind === "'.'" && look(parser, ahead + 1).kind === "IDENTIFIER") ahead += 2;
  return look(parser, ahead).kind === "'{'" ? 5 : 0;
}

const LITERALS: readonly TokenKind[] = [
  "NUM_INT",
  "NUM_UINT",
  "NUM_FLOAT",
  "STRING",
  "BYTES",
  "'true'",
  "'false'",
  "'null'",
];

function decideLiteral(parser: Parser): number {
  if (look(parser).kind !== "'-'") {
    const option = LITERALS.indexOf(look(parser).kind);
    if (option < 0) throw noViable(parser, 0);
    return option;
  }
  const next = look(parser, 1).kind;
  if (next !== "NUM_INT" && next !== "NUM_FLOAT") throw noViable(parser, 1);
  return LITERALS.indexOf(next);
}

/** A name that no variable may have is an error of its own, also beside errors of syntax. */
function checkReserved(parser: Parser, start: Token): void {
  const token = start.kind === "'.'" ? look(parser, 1) : start;
  const word = parser.source.slice(token.start, token.end);
  if (parser.isReserved(word)) parser.issues.add(parser.offset(start.start), `reserved identifier: ${word}`);
}

function checkNumber(parser: Parser): void {
  const signed = look(parser).kind === "'-'";
  const token = look(parser, signed ? 1 : 0);
  const text = parser.source.slice(token.start, token.end);
  const place = parser.offset(look(parser).start);
  if (token.kind === "NUM_INT") {
    const value = signed ? -BigInt(text) : BigInt(text);
    if (BigInt.asIntN(64, value) !== value) parser.issues.add(place, "invalid int literal");
  } else if (token.kind === "NUM_UINT") {
    const value = BigInt(text.slice(0, -1));
    if (BigInt.asUintN(64, value) !== value) parser.issues.add(place, "invalid uint literal");
  }
}

/** Adds every error of a source that does not follow the grammar. */
export function reportSyntaxErrors(source: string, issues: Issues, isReserved: (word: string) => boolean): void {
  const { tokens, errors } = tokenize(source);
  const parser: Parser = {
    source,
    tokens,
    holes: errors,
    issues,
    offset: codePointOffsets(source),
    isReserved,
    follows: [],
    depths: new Map(),
    at: 0,
    state: 0,
    reports: 0,
    recoveries: 0,
    recovering: false,
    errorAt: -1,
    errorStates: new Set(),
  };
  try {
    for (const error of errors)
      tell(
        parser,
        { kind: "<EOF>", start: error.start, end: error.end },
        `token recognition error at: ${quote(source.slice(error.start, error.end))}`,
      );
    call(parser, "start", 0);
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
  }
}
