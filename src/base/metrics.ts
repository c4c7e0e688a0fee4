// Metric primitives with the Prometheus text exposition format (version 0.0.4).

export type Labels = Readonly<Record<string, string>>;

export interface MetricOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
  /** Stability level that upstream prints in front of the help text. */
  readonly stability?: "ALPHA" | "BETA" | "STABLE";
}

export interface Metric {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly labelNames: readonly string[];
  readonly stability: MetricOptions["stability"];
  render(): string;
  /** From now on a label has one of these values, or `unexpected`. */
  allowOnly?(label: string, values: ReadonlySet<string>): void;
}

/** Series beyond this many per metric are folded into one whose label values are all "other": labels must not eat memory. */
const mostSeries = 10_000;
const separator = "\u0000";
const noNames: readonly string[] = [];

abstract class LabelledMetric<Series> implements Metric {
  readonly name: string;
  protected readonly options: MetricOptions;
  readonly #allowed = new Map<string, ReadonlySet<string>>();
  protected readonly series = new Map<string, { labels: readonly string[]; value: Series }>();
  abstract readonly type: Metric["type"];

  constructor(options: MetricOptions) {
    this.name = options.name;
    this.options = options;
  }

  get labelNames(): readonly string[] {
    return this.options.labelNames ?? noNames;
  }
  get stability(): MetricOptions["stability"] {
    return this.options.stability;
  }

  protected abstract fresh(): Series;
  protected abstract lines(labels: string, value: Series): string;

  allowOnly(label: string, values: ReadonlySet<string>): void {
    this.#allowed.set(label, values);
  }

  #expected(labels: Labels): Labels {
    const told = Object.entries(labels).map(([name, value]) => {
      const allowed = this.#allowed.get(name);
      return [name, allowed === undefined || allowed.has(value) ? value : "unexpected"] as const;
    });
    return Object.fromEntries(told);
  }

  protected at(given: Labels): { value: Series } {
    const labels = this.#allowed.size === 0 ? given : this.#expected(given);
    const names = this.labelNames;
    let key = "";
    for (let index = 0; index < names.length; index++) {
      if (index > 0) key += separator;
      key += labels[names[index]!] ?? "";
    }
    const found = this.series.get(key);
    if (found !== undefined) return found;
    const values = names.map((name) => labels[name] ?? "");
    if (this.series.size >= mostSeries && !values.every((value) => value === "other"))
      return this.at(Object.fromEntries(names.map((name) => [name, "other"])));
    const made = { labels: values, value: this.fresh() };
    this.series.set(key, made);
    return made;
  }

  remove(labels: Labels): void {
    this.series.delete(this.labelNames.map((name) => labels[name] ?? "").join(separator));
  }

  render(): string {
    const names = this.labelNames;
    const stability = this.options.stability === undefined ? "" : `[${this.options.stability}] `;
    let text = `# HELP ${this.name} ${stability}${escapeHelp(this.options.help)}\n# TYPE ${this.name} ${this.type}\n`;
    for (const { labels, value } of this.series.values())
      text += this.lines(names.map((name, index) => `${name}="${escapeLabel(labels[index]!)}"`).join(","), value);
    return text;
  }
}

const escapeLabel = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
const escapeHelp = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
/** Numbers as Prometheus reads them. */
const number = (value: number): string => (value === Infinity ? "+Inf" : value === -Infinity ? "-Inf" : String(value));
/** A bound as Go writes it: 1e+06. */
const bound = (value: number): string =>
  value >= 1e6 ? value.toExponential().replace(/e\+(\d)$/, "e+0$1") : String(value);
const braces = (labels: string): string => (labels === "" ? "" : `{${labels}}`);

export class Counter extends LabelledMetric<number> {
  readonly type = "counter";
  protected fresh(): number {
    return 0;
  }
  inc(labels: Labels = {}, by = 1): void {
    this.at(labels).value += by;
  }
  /** One series, looked up once: for places that every request passes. */
  child(labels: Labels): { inc(by?: number): void } {
    const series = this.at(labels);
    return {
      inc: (by = 1) => {
        series.value += by;
      },
    };
  }
  get(labels: Labels = {}): number {
    return this.at(labels).value;
  }
  protected lines(labels: string, value: number): string {
    return `${this.name}${braces(labels)} ${number(value)}\n`;
  }
}

export class Gauge extends LabelledMetric<number> {
  readonly type = "gauge";
  protected fresh(): number {
    return 0;
  }
  set(value: number, labels: Labels = {}): void {
    this.at(labels).value = value;
  }
  add(by: number, labels: Labels = {}): void {
    this.at(labels).value += by;
  }
  get(labels: Labels = {}): number {
    return this.at(labels).value;
  }
  protected lines(labels: string, value: number): string {
    return `${this.name}${braces(labels)} ${number(value)}\n`;
  }
}

interface HistogramSeries {
  readonly counts: number[];
  sum: number;
  count: number;
}

export class Histogram extends LabelledMetric<HistogramSeries> {
  readonly type = "histogram";
  readonly #bounds: readonly number[];

  /** `bounds`: ascending upper bounds, without +Inf. */
  constructor(options: MetricOptions, bounds: readonly number[]) {
    super(options);
    this.#bounds = bounds;
  }
  protected fresh(): HistogramSeries {
    return { counts: new Array<number>(this.#bounds.length).fill(0), sum: 0, count: 0 };
  }
  observe(value: number, labels: Labels = {}): void {
    this.#note(this.at(labels).value, value);
  }
  /** One series, looked up once: for places that every request passes. */
  child(labels: Labels): { observe(value: number): void } {
    const series = this.at(labels).value;
    return { observe: (value) => this.#note(series, value) };
  }
  #note(series: HistogramSeries, value: number): void {
    series.sum += value;
    series.count++;
    for (let index = this.#bounds.length - 1; index >= 0 && value <= this.#bounds[index]!; index--)
      series.counts[index]!++;
  }
  protected lines(labels: string, value: HistogramSeries): string {
    const prefix = labels === "" ? "" : `${labels},`;
    let text = "";
    this.#bounds.forEach((upper, index) => {
      text += `${this.name}_bucket{${prefix}le="${bound(upper)}"} ${value.counts[index]}\n`;
    });
    text += `${this.name}_bucket{${prefix}le="+Inf"} ${value.count}\n`;
    return `${text}${this.name}_sum${braces(labels)} ${number(value.sum)}\n${this.name}_count${braces(labels)} ${value.count}\n`;
  }
}

export interface MetricLimits {
  /** Names of metrics that are not shown. */
  readonly disabled?: ReadonlySet<string>;
  /** Allowed values, by metric and label. */
  readonly allowed?: ReadonlyMap<string, Readonly<Record<string, ReadonlySet<string>>>>;
}

/** The metrics of one component; a name is registered once. */
export class MetricRegistry {
  readonly #limits: MetricLimits;

  constructor(limits: MetricLimits = {}) {
    this.#limits = limits;
  }

  readonly #metrics = new Map<string, Metric>();
  readonly #collectors: (() => void)[] = [];

  /** `collect` is called before every rendering: for values that are cheaper to read than to keep. */
  beforeRender(collect: () => void): void {
    this.#collectors.push(collect);
  }

  register<M extends Metric>(metric: M): M {
    if (this.#metrics.has(metric.name)) throw new Error(`metric ${metric.name} is registered twice`);
    this.#metrics.set(metric.name, metric);
    for (const [label, values] of Object.entries(this.#limits.allowed?.get(metric.name) ?? {}))
      metric.allowOnly?.(label, values);
    return metric;
  }

  get all(): readonly Metric[] {
    return [...this.#metrics.values()];
  }

  render(): string {
    let text = "";
    for (const collect of this.#collectors) collect();
    for (const metric of this.#metrics.values())
      if (this.#limits.disabled?.has(metric.name) !== true) text += metric.render();
    return text;
  }
}
