/**
 * Finds the tokens of miIO devices in what Xiaomi's apps leave behind: databases of Mi Home (Android and iOS), Android
 * backups of Mi Home or Yeelight, tar archives and folders of such files, `miot.xml`, smrc4 cache files. Nothing is
 * asked of any network.
 */
import { basename } from 'node:path';
import { MialinkError, messageOf } from '../../errors';
import { Collection, type Findings } from './collection';
import { inPrivateDirectory } from './private-directory';
import { distinct, type TokenRecord } from './record';
import { type OpenSource, openSource } from './source';

export interface TokenSource {
  path: string;
  /** What texts call it; default the last part of `path`. */
  name?: string;
}

export interface ExtractOptions {
  /** The one that an Android backup was made with. */
  password?: string;
  signal?: AbortSignal;
}

/**
 * The devices with a usable token, each once, at least one.
 *
 * Throws `aborted`, `tokensUnreadable` (no such file), `tokensUnknownFile`, `tokensDamaged`, `tokensTooLarge`, `tokensTooMany`,
 * `tokensPasswordMissing`, `tokensPasswordWrong`, `tokensBackupEmpty`, `tokensNone`.
 */
export async function extractTokens(
  source: TokenSource,
  { password = '', signal }: ExtractOptions = {},
): Promise<TokenRecord[]> {
  const file = source.name || basename(source.path);
  try {
    const { kind, members } = await openSource(source.path, { file, password, signal });
    const findings = await inPrivateDirectory(async (directory) => {
      const collection = new Collection(directory, file);
      for await (const member of members) {
        signal?.throwIfAborted();
        await collection.add(member);
      }
      return collection.findings(signal);
    });
    if (findings.records.length === 0) throw nothingFound(kind, findings, file);
    return distinct(findings.records);
  } catch (error) {
    throw signal?.aborted ? new MialinkError('aborted', { device: file }) : asMialinkError(error, file);
  }
}

function nothingFound(kind: OpenSource['kind'], findings: Findings, file: string): MialinkError {
  if (findings.isKnown) return new MialinkError('tokensNone', { file });
  if (findings.isDamaged) {
    return new MialinkError('tokensDamaged', { file, cause: 'SQLite cannot read the database' });
  }
  return new MialinkError(kind === 'backup' ? 'tokensBackupEmpty' : 'tokensUnknownFile', { file });
}

/** Texts of the file system tell paths; the path of an upload is none that its owner knows. */
function asMialinkError(error: unknown, file: string): MialinkError {
  if (error instanceof MialinkError) return error;
  if (isSystemError(error)) return new MialinkError('tokensUnreadable', { file, cause: error.code });
  return new MialinkError('tokensDamaged', { file, cause: messageOf(error) }, { cause: error });
}

function isSystemError(error: unknown): error is { code: string } {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string';
}
