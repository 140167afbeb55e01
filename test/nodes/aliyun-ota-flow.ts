/** The flow of every aliyun-ota test: the node, a directory of its own, and all that comes out. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collect, LAMP, sinks, type useCloud } from '../support/aliyun';
import { helper, nextError, nextMessage, node, type Received, statusText } from '../support/flow';

/** The firmware. */
export const content = randomBytes(300_000);

/** Resolves when the operation has completed. */
export function operate(operation: string, payload?: unknown): Promise<Received> {
  const completed = nextMessage('completed');
  node('ota').receive({ operation, payload } as never);
  return completed;
}

/** The error that the operation ends in. */
export function errorFor(operation: unknown, payload?: unknown) {
  const caught = nextError('errors');
  node('ota').receive({ operation, payload } as never);
  return caught;
}

/** The step, the flow's number or the cloud's text, says that the upgrade has failed. */
export const isFailure = (step: number | string) => Number(step) < 0;

/** Call inside `describe`, with the cloud of its tests. */
export function useOtaFlow(bench: ReturnType<typeof useCloud>) {
  let userDir: string;
  /** Every message that came out, by output. */
  let firmware: Received[];
  let progress: Received[];
  let failures: Received[];

  beforeEach(async () => {
    userDir = await mkdtemp(join(tmpdir(), 'mialink-'));
    helper.settings({ userDir } as never);
  });
  afterEach(async () => {
    // The node writes there until it is closed.
    await helper.unload();
    await rm(userDir, { recursive: true });
  });

  /** Resolves when the node has informed its version, if it has one, so that the cloud can push. */
  async function start(fields: Record<string, unknown> = {}): Promise<void> {
    const ota = { id: 'ota', type: 'aliyun-ota', device: 'lamp', version: '1.0.0', ...fields };
    const informed = ota.version === '' ? undefined : once(bench.lamp, 'version');
    await bench.load([{ ...ota, wires: [['out'], ['out2']] }, ...sinks('ota')]);
    firmware = collect('out');
    progress = collect('out2');
    failures = collect('errors');
    await (informed ?? statusText('ota', 'aliyun-ota.status.connected'));
  }

  const steps = () => progress.map(({ payload }) => (payload as { step: number }).step);
  const reported = () => bench.lamp.progress.map(({ step }) => step);
  const ownDirectory = () => join(userDir, 'aliyun-ota', LAMP.productKey, LAMP.deviceName);
  /** Of firmware, without what the node writes down about it. */
  const files = async (): Promise<string[]> => {
    const names = await readdir(ownDirectory()).catch((): string[] => []);
    return names.filter(
      (name) => /\.(bin|zip|part)$/.test(name) || !/\.(state|version|json|new)$/.test(name),
    );
  };

  /** The cloud has got this step. */
  async function untilReported(step: string): Promise<void> {
    while (!reported().includes(step)) await once(bench.lamp, 'progress');
  }

  /** Bytes of the firmware are coming in. */
  async function untilPart(): Promise<void> {
    while (!(await files()).includes('default-2.0.0.bin.part')) await new Promise(setImmediate);
  }

  return {
    get userDir() {
      return userDir;
    },
    get firmware() {
      return firmware;
    },
    get progress() {
      return progress;
    },
    get failures() {
      return failures;
    },
    start,
    steps,
    reported,
    ownDirectory,
    files,
    untilReported,
    untilPart,
  };
}
