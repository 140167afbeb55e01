/** Keeps what is secret in a message out of sight (pure). */
import { repairJson } from '../miio/json-repair';
import { text } from './texts';

const SECRET = /^(token|passwd|password|bind_key|data_tkn)$/i;
/** Where neither a secret's name stands nor an escape that could hide one, there is nothing to look for. */
const MENTIONED = /token|passw|bind_key|data_tkn|\\u/i;
/** Only in objects have secrets a name. */
const BRACKET = /[[{]/;
/** JSON may be a text inside JSON, as the scene of a gateway is, which holds its token. */
const MAX_LEVELS = 8;

/**
 * The same JSON with stars in place of tokens and passwords, and of `token` (hexadecimal digits) wherever it stands;
 * only its length where they cannot be told from the rest.
 */
export function withoutSecrets(json: string, token: string): string {
  const masked = MENTIONED.test(json) ? (mask(json, MAX_LEVELS) ?? unshown(json)) : json;
  return masked.replace(new RegExp(token, 'gi'), '***');
}

/** Undefined for what is no JSON. */
function mask(json: string, levels: number): string | undefined {
  return parse(json, levels) ?? parse(repairJson(json), levels);
}

function parse(json: string, levels: number): string | undefined {
  const masked = (key: string, value: unknown) => {
    if (SECRET.test(key)) return '***';
    return typeof value === 'string' ? maskText(value, levels - 1) : value;
  };
  try {
    return JSON.stringify(JSON.parse(json, masked));
  } catch {
    return undefined;
  }
}

/** A mere name such as `data_tkn`, for whose value a device may be asked, is no secret. */
function maskText(value: string, levels: number): string {
  if (!MENTIONED.test(value) || !BRACKET.test(value)) return value;
  return (levels > 0 ? mask(value, levels) : undefined) ?? unshown(value);
}

function unshown({ length }: string): string {
  return text('unshown', { length });
}
