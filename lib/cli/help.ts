/** `--help`, from the texts of the catalogue (pure). */
import { CODES, DEFECT, DONE, NOTHING_FOUND, UNWRITTEN } from './exit-codes';
import { type TextKey, text } from './texts';

type Line = readonly [term: string, meaning: TextKey];

const PARTS: readonly (readonly [head: TextKey, lines: readonly Line[]])[] = [
  [
    'helpTasks',
    [
      ['--discover all', 'helpDiscoverAll'],
      ['--discover ADDRESSES', 'helpDiscover'],
      ['--info', 'helpInfo'],
      ['--sendcmd JSON', 'helpSendcmd'],
      ['--decode HEX', 'helpDecode'],
      ['--extract-tokens FILE', 'helpExtractTokens'],
      ['--provision SSID', 'helpProvision'],
      ['--help', 'helpHelp'],
      ['--version', 'helpVersion'],
    ],
  ],
  [
    'helpSettings',
    [
      ['--ip ADDRESS', 'helpIp'],
      ['--port NUMBER', 'helpPort'],
      ['--bindip ADDRESS', 'helpBindip'],
      ['--token HEX', 'helpToken'],
      ['--timeout MS', 'helpTimeout'],
      ['--retries N', 'helpRetries'],
      ['--json', 'helpJson'],
      ['--show-token', 'helpShowToken'],
      ['--allow-destructive', 'helpAllowDestructive'],
      ['--yes', 'helpYes'],
      ['--debug', 'helpDebug'],
    ],
  ],
  [
    'helpEnvironment',
    [
      ['MIIO_TOKEN', 'helpMiioToken'],
      ['MIIO_BACKUP_PASSWORD', 'helpMiioBackupPassword'],
      ['MIIO_WIFI_PASSWORD', 'helpMiioWifiPassword'],
    ],
  ],
  [
    'helpExitCodes',
    [
      [String(DONE), 'exitDone'],
      [String(NOTHING_FOUND), 'exitNothingFound'],
      [String(CODES.CONFIG), 'exitConfig'],
      [String(CODES.TRANSPORT), 'exitTransport'],
      [String(CODES.TIMEOUT), 'exitTimeout'],
      [String(CODES.AUTH), 'exitAuth'],
      [String(CODES.CODEC), 'exitCodec'],
      [String(CODES.DEVICE), 'exitDevice'],
      [String(DEFECT), 'exitDefect'],
      [String(UNWRITTEN), 'exitUnwritten'],
      [String(CODES.CANCELLED), 'exitCancelled'],
    ],
  ],
];

const INDENT = '  ';
const WIDTH = Math.max(...PARTS.flatMap(([, lines]) => lines.map(([term]) => term.length)));

export function helpText(): string {
  const parts = PARTS.map(([head, lines]) => [text(head), ...lines.map(asLine)].join('\n'));
  return [text('helpAbout'), ...parts, text('helpExamples')].join('\n\n');
}

/** A meaning of several lines goes on below itself. */
function asLine([term, meaning]: Line): string {
  const below = `\n${INDENT}${' '.repeat(WIDTH)}${INDENT}`;
  return `${INDENT}${term.padEnd(WIDTH)}${INDENT}${text(meaning).replaceAll('\n', below)}`;
}
