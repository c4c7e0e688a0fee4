// The rules of the house, as code. Each finding names the file, the line and what to do instead. Run as a test
// (tools/tidy.test.ts) or by hand: node tools/tidy.ts
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { circles } from "./circles.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

interface Room {
  readonly level: number;
  readonly path: string;
  /** Rooms of the same or a higher level that it may import all the same. */
  readonly uses?: readonly string[];
}

const rooms: Readonly<Record<string, Room>> = JSON.parse(readFileSync(join(root, "rooms.json"), "utf8")).rooms;

export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

function* files(directory: string): Generator<string> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else if (entry.name.endsWith(".ts")) yield relative(root, path).split(sep).join("/");
  }
}

/** Fixtures are for tests alone. */
const isTest = (file: string): boolean => /\.(test|fixture)\.ts$/.test(file);

function roomOf(file: string): string | undefined {
  for (const [name, room] of Object.entries(rooms)) if (file.startsWith(`${room.path}/`)) return name;
  return undefined;
}

/** Doors into a room: its index, and the index of a part that only some need. */
const doors =
  /^(index\.ts|(?:[\w-]+\/)*(?:node|http2|sqlite|etcd|cri|fake|library|pki|regexp|cel|cel\/admission|cel\/authentication|cel\/authorization|cel\/kubernetes)\/index\.ts)$/;
const nodeAllowed = /^src\/(store\/(sqlite|etcd)|runtime\/cri|cmd|cli|cluster)\/|^src\/(.+\/)?node\//;

const banned: readonly { readonly pattern: RegExp; readonly except: RegExp; readonly instead: string }[] = [
  { pattern: /\bDate\.now\(/, except: /^src\/base\//, instead: "take a Clock and call clock.now()" },
  { pattern: /\bnew Date\(\s*\)/, except: /^src\/base\//, instead: "take a Clock and call clock.now()" },
  { pattern: /\bperformance\.now\(/, except: /^src\/base\//, instead: "take a Clock and call clock.monotonic()" },
  {
    pattern: /(?<![\w.])(?:globalThis\.)?(setTimeout|setInterval|setImmediate)\(/,
    except: /^src\/base\//,
    instead: "take a Clock and call clock.setTimeout()",
  },
  { pattern: /\bMath\.random\(/, except: /^src\/base\//, instead: "take an Rng" },
  {
    pattern: /\brandomUUID\(|\bgetRandomValues\(/,
    except: /^src\/base\//,
    instead: "take an Rng and call uuid(rng) or rng.bytes()",
  },
  { pattern: /\b(TODO|FIXME|XXX)\b/, except: /^$/, instead: "finish it, or throw an error that names what is missing" },
  { pattern: /\bexport default\b/, except: /^$/, instead: "export by name" },
  { pattern: /^\s*(export\s+)?(declare\s+)?enum\s+\w/, except: /^$/, instead: "use a union of literals" },
  { pattern: /\bas any\b|: any\b|<any>/, except: /^$/, instead: "say the type, or unknown" },
  { pattern: /\.(skip|only|todo)\(/, except: /^$/, instead: "every test runs" },
  { pattern: /being written/, except: /^tools\//, instead: "write it" },
];

/** The files that a text imports, types and lazy imports included. */
function importsOf(file: string, text: string): string[] {
  return [...text.matchAll(importPattern)].flatMap(([, target]) =>
    target!.startsWith(".")
      ? [
          relative(root, resolve(root, dirname(file), target!))
            .split(sep)
            .join("/"),
        ]
      : [],
  );
}

const importPattern = /(?:from|import)\s*\(?\s*["']([^"']+)["']/g;

function checkImports(file: string, text: string, report: (index: number, text: string) => void): void {
  const room = roomOf(file);
  for (const match of text.matchAll(importPattern)) {
    const target = match[1]!;
    const say = (message: string): void => report(match.index, message);
    if (target.startsWith("node:")) {
      if (!nodeAllowed.test(file) && file.startsWith("src/") && !isTest(file))
        say(`${target}: Node is for the rim; move this to a folder named node/`);
      continue;
    }
    if (!target.startsWith(".")) continue;
    if (isTest(target) && file.startsWith("src/") && !isTest(file) && !file.endsWith("/testing.ts"))
      say(`${target} is for tests alone`);
    if (room === undefined) continue;
    const path = relative(root, resolve(root, dirname(file), target))
      .split(sep)
      .join("/");
    if (path === "package.json") continue; // the version
    const other = roomOf(path);
    if (other === undefined) {
      say(`${path} is in no room of rooms.json`);
    } else if (other !== room && !isTest(file)) {
      checkCrossing({ file, room, other, path, say });
    } else if (!isTest(file)) {
      const sibling = siblings(file);
      const wanted = siblings(path);
      if (sibling !== undefined && wanted !== undefined && sibling !== wanted)
        say(`${wanted} is a sibling; what both need belongs into lib/ or framework.ts`);
    }
  }
}

function checkCrossing(crossing: {
  file: string;
  room: string;
  other: string;
  path: string;
  say: (text: string) => void;
}): void {
  const { room, other, path, say } = crossing;
  const from = rooms[room]!;
  const to = rooms[other]!;
  if (to.level >= from.level && !from.uses?.includes(other))
    say(`room ${room} (level ${from.level}) may not import room ${other} (level ${to.level})`);
  const inside = path.slice(to.path.length + 1);
  if (other === "api" && /(^|\/)serve\.ts$/.test(inside) && room === "server") return;
  if (other === "facts") return;
  if (!doors.test(inside)) say(`${path}: enter room ${other} through its index.ts`);
  if (from.level === 4 && (other === "store" || other === "server"))
    say(`room ${room} holds a client, never the ${other}`);
}

/** Folder that is one extension among equals: controllers, scheduler plugins, admission plugins, engines. */
function siblings(file: string): string | undefined {
  const match = /^src\/(controllers|scheduler\/plugins|server\/admission\/plugins)\/([\w-]+)\//.exec(file);
  return match === null || match[2] === "lib" ? undefined : `${match[1]}/${match[2]}`;
}

const most = { lines: 600, filesInFolder: 25 };

/** Folders that may hold more files, and why. */
const crowded: Readonly<Record<string, string>> = {
  "facts/types": "generated: one file a group version",
};

/** A folder is one thing that can be seen at a glance; what it consists of besides is in folders below. */
function* crowdedFolders(folder: string): Generator<Finding> {
  let held = 0;
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    if (entry.isDirectory()) yield* crowdedFolders(`${folder}/${entry.name}`);
    else held++;
  }
  if (held > most.filesInFolder && crowded[folder] === undefined)
    yield {
      file: folder,
      line: 1,
      text: `${held} files: give those of one meaning a folder (at most ${most.filesInFolder})`,
    };
}

export function tidy(): Finding[] {
  const findings: Finding[] = ["src", "test", "bench", "tools", "facts", "docs"].flatMap((folder) => [
    ...crowdedFolders(folder),
  ]);
  const listed = new Set(Object.values(rooms).map((room) => room.path));
  for (const entry of readdirSync(join(root, "src"), { withFileTypes: true }))
    if (!listed.has(`src/${entry.name}`))
      findings.push({ file: `src/${entry.name}`, line: 1, text: "is not a room of rooms.json" });
  const graph = new Map<string, string[]>();
  for (const file of [
    ...files(join(root, "src")),
    ...files(join(root, "test")),
    ...files(join(root, "bench")),
    ...files(join(root, "tools")),
  ]) {
    if (file.startsWith("tools/tidy")) continue;
    const text = readFileSync(join(root, file), "utf8");
    const lines = text.split("\n");
    const report = (index: number, message: string): void =>
      void findings.push({ file, line: text.slice(0, index).split("\n").length, text: message });
    checkImports(file, text, report);
    graph.set(file, importsOf(file, text));
    if (lines.length > most.lines)
      findings.push({ file, line: lines.length, text: `${lines.length} lines: split it (at most ${most.lines})` });
    const product = file.startsWith("src/") && !isTest(file);
    lines.forEach((line, index) => {
      for (const rule of banned) {
        const everywhere = /TODO|skip|default|enum|any|being/.test(rule.pattern.source);
        if (
          (product || everywhere) &&
          !rule.except.test(file) &&
          rule.pattern.test(line) &&
          !/^\s*(\/\/|\*|\/\*)/.test(line)
        )
          findings.push({ file, line: index + 1, text: `${rule.pattern.exec(line)![0].trim()}: ${rule.instead}` });
      }
    });
  }
  for (const circle of circles(graph))
    findings.push({
      file: circle[0]!,
      line: 1,
      text: `imports itself: ${circle.join(" → ")}; what both need belongs into a module of its own`,
    });
  return findings;
}

if (import.meta.main) {
  const findings = tidy();
  for (const { file, line, text } of findings) console.log(`${file}:${line}: ${text}`);
  if (findings.length > 0) process.exit(1);
  console.log("ok");
}
