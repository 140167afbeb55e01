/**
 * What the tests leave open keeps the process from ending, without a word. This says what it is, and ends the process:
 * a run that hangs tells nothing, and its coverage is lost.
 */
import { ChildProcess } from 'node:child_process';
import dgram from 'node:dgram';
import { Server, Socket } from 'node:net';

const GRACE_MS = 20_000;

/** Node's own list of what keeps it alive; it has no public form that names more than the kind. */
function openHandles(): unknown[] {
  const list: unknown = Reflect.get(process, '_getActiveHandles');
  const handles: unknown = typeof list === 'function' ? Reflect.apply(list, process, []) : [];
  return Array.isArray(handles) ? handles : [];
}

function inWords(handle: unknown): string {
  if (handle instanceof ChildProcess) return `process ${handle.pid}: ${handle.spawnargs.join(' ')}`;
  if (handle instanceof Server) return `server at ${JSON.stringify(handle.address())}`;
  if (handle instanceof Socket && handle.remotePort !== undefined)
    return `connection from port ${handle.localPort} to ${handle.remoteAddress}:${handle.remotePort}`;
  if (handle instanceof dgram.Socket) return `UDP socket at ${JSON.stringify(handle.address())}`;
  return Object(handle).constructor?.name ?? String(handle);
}

export const mochaHooks = {
  afterAll(): void {
    setTimeout(() => {
      const kinds = process.getActiveResourcesInfo().join(', ');
      const handles = openHandles().map((handle) => `\n  ${inWords(handle)}`);
      process.stderr.write(`The tests are over, but something was left open: ${kinds}${handles.join('')}\n`);
      process.exit();
    }, GRACE_MS).unref();
  },
};
