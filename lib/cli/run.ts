/** One run of the program: from the command line to the exit code. */
import { MialinkError, messageOf } from '../errors';
import { Network, type NetworkOptions } from '../miio';
import { parseArguments, type Task } from './arguments';
import type { Context } from './context';
import { tellingSocket } from './debug';
import { decodePacket } from './decode';
import { discoverDevices } from './discover';
import { CODES, DONE, exitCodeOf } from './exit-codes';
import { showTokens } from './extract';
import { helpText } from './help';
import { showInfo } from './info';
import { printable } from './printable';
import { provisionDevice } from './provision';
import { sendCommand } from './send';
import type { Terminal } from './terminal';
import { text, UsageError } from './texts';

export interface Run {
  argv: readonly string[];
  env: NodeJS.Dict<string>;
  terminal: Terminal;
  version(): string;
  /** Ends the run; everything is closed before it returns. */
  signal: AbortSignal;
  /** For tests. */
  networkOptions?: NetworkOptions;
}

/** Never rejects. */
export async function run({ argv, env, terminal, version, signal, networkOptions }: Run): Promise<number> {
  try {
    const { task, settings } = parseArguments(argv, env);
    const debug = settings.debug
      ? { createSocket: tellingSocket(settings.token, (line) => terminal.tell(line)) }
      : {};
    const network = new Network({ ...networkOptions, ...debug });
    try {
      return await carryOut(task, { settings, terminal, env, network, signal }, version);
    } finally {
      await network.close();
    }
  } catch (error) {
    if (signal.aborted || (error instanceof MialinkError && error.reason === 'aborted')) {
      terminal.tell(text('interrupted'));
      return CODES.CANCELLED;
    }
    terminal.tell(
      isExpected(error) ? printable(messageOf(error)) : text('defect', { cause: traceOf(error) }),
    );
    return exitCodeOf(error);
  }
}

function isExpected(error: unknown): boolean {
  return error instanceof UsageError || error instanceof MialinkError;
}

function traceOf(error: unknown): string {
  return (error instanceof Error && error.stack) || messageOf(error);
}

async function carryOut(task: Task, context: Context, version: () => string): Promise<number> {
  switch (task.task) {
    case 'help':
      context.terminal.print(helpText());
      return DONE;
    case 'version':
      context.terminal.print(version());
      return DONE;
    case 'discover':
      return discoverDevices(task.addresses, context);
    case 'info':
      return showInfo(task.address, context);
    case 'send':
      return sendCommand(task, context);
    case 'decode':
      return decodePacket(task.packet, context);
    case 'tokens':
      return showTokens(task.path, context);
    case 'provision':
      return provisionDevice(task, context);
  }
}
