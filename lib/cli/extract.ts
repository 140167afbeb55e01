/** `--extract-tokens`: the devices in a file of Xiaomi's app; the tokens themselves only if they were asked for. */
import { MialinkError } from '../errors';
import { extractTokens, type TokenRecord } from '../miio/tokens';
import { type Context, show } from './context';
import { DONE } from './exit-codes';
import { table } from './table';
import { text } from './texts';

export async function showTokens(path: string, context: Context): Promise<number> {
  const { settings, terminal } = context;
  const records = await extract(path, context);
  const shown = settings.showToken ? records : records.map(({ token: _, ...record }) => record);
  show(shown, context, () => asTable(records, settings.showToken));
  if (!settings.showToken) terminal.tell(text('tokensHidden'));
  return DONE;
}

async function extract(path: string, { env, signal, terminal }: Context): Promise<TokenRecord[]> {
  const password = env.MIIO_BACKUP_PASSWORD ?? '';
  try {
    return await extractTokens({ path }, { password, signal });
  } catch (error) {
    const isLocked = error instanceof MialinkError && error.reason === 'tokensPasswordMissing';
    if (!isLocked || signal.aborted) throw error;
    const typed = await terminal.askSecret(text('askBackupPassword'), 'MIIO_BACKUP_PASSWORD', signal);
    return extractTokens({ path }, { password: typed, signal });
  }
}

function asTable(records: TokenRecord[], showToken: boolean): string {
  const heads = [text('name'), text('model'), text('mac'), text('address'), text('deviceId'), text('token')];
  return table(
    heads,
    records.map(({ name, model, mac, address, deviceId, token }) => [
      name,
      model,
      mac,
      address,
      deviceId,
      showToken ? token : text('tokenFound'),
    ]),
  );
}
