/** The figures of all cases: medians of the rounds, beside the floor's, with what is to be reached. */
import type { Case, Figure, Measured } from './cases/case';
import { CLIENT_NAMES, type ClientName } from './clients/client';

/** What each client did in each round; undefined where its process failed. */
export type Rounds = Partial<Record<ClientName, Measured | undefined>>[];

export interface Row {
  case: string;
  what: string;
  unit: string;
  shown: Figure['shown'] | 'value';
  /** The floor's median in `unit`; missing where the floor does not take part. */
  floor?: number;
  /** Medians, as `shown` says; null for a client that failed; missing for one that cannot do it. */
  clients: Partial<Record<ClientName, number | null>>;
  target?: string;
  /** By `ours`; missing without a target. */
  reached?: boolean;
}

export function rowsOf(measured: Case, rounds: Rounds): Row[] {
  return measured.figures.map((figure) => {
    const floor = medianOf(rounds.map((round) => measuredBy(figure, round.floor)));
    const clients: Row['clients'] = {};
    for (const name of measured.clients) {
      clients[name] = medianOf(rounds.map((round) => compared(figure, round, name))) ?? null;
    }
    return {
      case: measured.name,
      what: figure.what,
      unit: figure.unit,
      shown: figure.shown ?? 'value',
      floor,
      clients,
      target: targetOf(figure),
      reached: reached(figure, clients.ours),
    };
  });
}

/** The floor of the same round: what else the machine did then, it did to both. */
function compared(figure: Figure, round: Rounds[number], name: ClientName): number {
  const value = measuredBy(figure, round[name]);
  const floor = measuredBy(figure, round.floor);
  if (figure.shown === 'ratio to the floor') return value / floor;
  return figure.shown === 'more than the floor' ? value - floor : value;
}

function measuredBy(figure: Figure, sample: Measured | undefined): number {
  return sample ? figure.value(sample) : Number.NaN;
}

function medianOf(values: number[]): number | undefined {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const middle = sorted.slice((sorted.length - 1) >> 1, (sorted.length >> 1) + 1);
  return middle.length === 0 ? undefined : middle.reduce((sum, value) => sum + value, 0) / middle.length;
}

function targetOf({ atLeast, atMost, unit, shown }: Figure): string | undefined {
  const measure = shown === 'ratio to the floor' ? '' : ` ${unit}`;
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
export function tableOf(rows: Row[]): string {
  const cells = [
    ['', ...CLIENT_NAMES, 'to reach', ''],
    ...rows.map((row) => [
      row.what,
      ...CLIENT_NAMES.map((name) => cell(row, name)),
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

function cell(row: Row, name: ClientName): string {
  const value = name === 'floor' ? row.floor : row.clients[name];
  if (value === undefined) return '';
  if (value === null) return 'failed';
  if (name === 'floor' || row.shown === 'value') return `${rounded(value)} ${row.unit}`.trimEnd();
  if (row.shown === 'ratio to the floor') return value.toFixed(2);
  return `${value < 0 ? '' : '+'}${rounded(value)} ${row.unit}`;
}

function verdict({ reached }: Row): string {
  if (reached === undefined) return '';
  return reached ? 'reached' : 'NOT reached';
}

function rounded(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: value >= 1000 ? 4 : 3 });
}
