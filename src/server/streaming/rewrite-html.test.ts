import assert from "node:assert/strict";
import { test } from "node:test";
import { rewriteHtml, rewritePage } from "./rewrite-html.ts";

const prefixed = (link: string): string => (link.startsWith("/") ? `/proxy${link}` : link);

const cases: readonly (readonly [string, string])[] = [
  ['<a href="/rewriteme">test</a>', '<a href="/proxy/rewriteme">test</a>'],
  ["<A HREF='/x' class=y>t</A>", '<a href="/proxy/x" class="y">t</A>'],
  ['<a href="other/x">', '<a href="other/x">'],
  ['<p title="/x">/x</p>', '<p title="/x">/x</p>'],
  ['<img src="/a.png"/>', '<img src="/proxy/a.png"/>'],
  ["<img src=/a.png>", '<img src="/proxy/a.png">'],
  ['<script src="/a.js">let a = "<a href=/x>";</script>', '<script src="/proxy/a.js">let a = "<a href=/x>";</script>'],
  ['<!-- <a href="/x"> --><a href="/x">', '<!-- <a href="/x"> --><a href="/proxy/x">'],
  ['<a href="/x?a=1&amp;b=&quot;">', '<a href="/proxy/x?a=1&amp;b=&#34;">'],
  ["1 < 2 <a", "1 < 2 <a"],
  ["<!DOCTYPE html><br>", "<!DOCTYPE html><br>"],
];

for (const [page, wanted] of cases)
  test(`links of ${page}`, () => {
    assert.equal(rewriteHtml(page, prefixed), wanted);
  });

test("a page keeps its encoding; an unknown one is left alone", async () => {
  const page = new TextEncoder().encode('<a href="/x">');
  const packed = new Uint8Array(
    await new Response(new Blob([page]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer(),
  );
  const rewritten = await rewritePage(packed, "gzip", prefixed);
  const unpacked = await new Response(
    new Blob([rewritten as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("gzip")),
  ).text();
  assert.equal(unpacked, '<a href="/proxy/x">');
  assert.equal(await rewritePage(page, "br", prefixed), undefined);
});
