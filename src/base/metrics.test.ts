import assert from "node:assert/strict";
import { test } from "node:test";
import { Counter, Gauge, Histogram, MetricRegistry } from "./metrics.ts";

test("the text exposition", () => {
  const registry = new MetricRegistry();
  const requests = registry.register(
    new Counter({ name: "requests_total", help: "Requests.", labelNames: ["verb", "path"], stability: "STABLE" }),
  );
  const depth = registry.register(new Gauge({ name: "depth", help: 'Depth \\ of\nthe "queue".' }));
  const seconds = registry.register(
    new Histogram({ name: "seconds", help: "Time.", labelNames: ["verb"] }, [0.1, 1, 10]),
  );
  requests.inc({ verb: "GET", path: 'a"b\\c\nd' });
  requests.inc({ verb: "GET", path: 'a"b\\c\nd' }, 2);
  depth.set(3);
  depth.add(-1);
  seconds.observe(0.1, { verb: "GET" });
  seconds.observe(5, { verb: "GET" });
  seconds.observe(50, { verb: "GET" });
  assert.equal(
    registry.render(),
    `# HELP requests_total [STABLE] Requests.
# TYPE requests_total counter
requests_total{verb="GET",path="a\\"b\\\\c\\nd"} 3
# HELP depth Depth \\\\ of\\nthe "queue".
# TYPE depth gauge
depth 2
# HELP seconds Time.
# TYPE seconds histogram
seconds_bucket{verb="GET",le="0.1"} 1
seconds_bucket{verb="GET",le="1"} 1
seconds_bucket{verb="GET",le="10"} 2
seconds_bucket{verb="GET",le="+Inf"} 3
seconds_sum{verb="GET"} 55.1
seconds_count{verb="GET"} 3
`,
  );
  assert.throws(() => registry.register(new Gauge({ name: "depth", help: "" })), /registered twice/);
});

test("values that are not finite are spelled as Prometheus reads them", () => {
  const gauge = new Gauge({ name: "g", help: "h", labelNames: ["x"] });
  gauge.set(Infinity, { x: "a" });
  gauge.set(-Infinity, { x: "b" });
  gauge.set(Number.NaN, { x: "c" });
  assert.match(gauge.render(), /\{x="a"\} \+Inf\ng\{x="b"\} -Inf\ng\{x="c"\} NaN\n/);
});

test("too many series are folded into one", () => {
  const counter = new Counter({ name: "c", help: "h", labelNames: ["id"] });
  for (let index = 0; index < 10_050; index++) counter.inc({ id: String(index) });
  assert.equal(counter.get({ id: "other" }), 50);
  counter.remove({ id: "0" });
  assert.equal(counter.render().includes('id="0"'), false);
});
