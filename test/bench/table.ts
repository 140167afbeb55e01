/** The figures of all cases: medians of the rounds, beside the base's, with what is to be reached. */
import type { Case, Figure, Sample, Suite } from './case';

/** What each client did in each round; undefined where its process failed. */
export type Rounds = Partial<Record<string, Sample>>[];

export interface Row {
  case: string;
  what: string;
  unit: string;
  shown: Figure['shown'] | 'value';
  /** The base's median in `unit`; missing where it does not take part. */
  base?: number;
  /** Medians, as `shown` says; null for a client that failed; missing for one that cannot do it. */
  clients: Partial<Record<string, number | null>>;
  target?: string;
  /** By `ours`; missing without a target. */
  reached?: boolean;
}

export function rowsOf(base: string, measured: Case, rounds: Rounds): Row[] {
  return measured.figures.map((figure) => {
    const ofBase = medianOf(rounds.map((round) => measuredBy(figure, round[base])));
    const clients: Row['clients'] = {};
    for (const name of measured.clients) {
      clients[name] = medianOf(rounds.map((round) => compared(figure, round, name, base))) ?? null;
    }
    return {
      case: measured.name,
      what: figure.what,
      unit: figure.unit,
      shown: figure.shown ?? 'value',
      base: ofBase,
      clients,
      target: targetOf(figure),
      reached: reached(figure, clients.ours),
    };
  });
}

/** With the base of the same round: what else the machine did then, it did to both. */
function compared(figure: Figure, round: Rounds[number], name: string, base: string): number {
  const value = measuredBy(figure, round[name]);
  const ofBase = measuredBy(figure, round[base]);
  if (figure.shown === 'ratio') return value / ofBase;
  return figure.shown === 'more' ? value - ofBase : value;
}

function measuredBy(figure: Figure, sample: Sample | undefined): number {
  return sample ? figure.value(sample) : Number.NaN;
}

function medianOf(values: number[]): number | undefined {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const middle = sorted.slice((sorted.length - 1) >> 1, (sorted.length >> 1) + 1);
  return middle.length === 0 ? undefined : middle.reduce((sum, value) => sum + value, 0) / middle.length;
}

function targetOf({ atLeast, atMost, unit, shown }: Figure): string | undefined {
  const measure = shown === 'ratio' ? '' : ` ${unit}`;
  if (atLeast !== undefined) return `>= ${rounded(atLeast)}${measure}`.trimEnd();
  if (atMost !== undefined) return `<= ${rounded(atMost)}${measure}`.trimEnd();
  return undefined;
}

function reached({ atLeast, atMost }: Figure, ours: number | null | undefined): boolean | undefined {
  if (atLeast === undefined && atMost === undefined) return undefined;
  if (typeof ours !== 'number') return false;
  return ours >= (atLeast ?? -Infinity) && ours <= (atMost ?? Infinity);
}

/** As Markdown, so that it can go into a document as it is. */
export function tableOf({ base, clients }: Suite, rows: Row[]): string {
  const cells = [
    ['', ...clients, 'to reach', ''],
    ...rows.map((row) => [
      row.what,
      ...clients.map((name) => cell(row, name, base)),
      row.target ?? '',
      verdict(row),
    ]),
  ];
  const widths =
    cells[0]?.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0))) ?? [];
  const lines = cells.map((line) => line.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | '));
  lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join(' | '));
  return lines.map((line) => `| ${line} |`).join('\n');
}

function cell(row: Row, name: string, base: string): string {
  const value = name === base ? row.base : row.clients[name];
  if (value === undefined) return '';
  if (value === null) return 'failed';
  if (name === base || row.shown === 'value') return `${rounded(value)} ${row.unit}`.trimEnd();
  if (row.shown === 'ratio') return value.toFixed(2);
  return `${value < 0 ? '' : '+'}${rounded(value)} ${row.unit}`;
}

function verdict({ reached }: Row): string {
  if (reached === undefined) return '';
  return reached ? 'reached' : 'NOT reached';
}

function rounded(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: value >= 1000 ? 4 : 3 });
}
