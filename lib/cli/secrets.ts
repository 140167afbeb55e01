/** Keeps what is secret in a message out of sight (pure). */
import { repairJson } from '../miio/json-repair';
import { text } from './texts';

const SECRET = /^(token|passwd|password|bind_key|data_tkn)$/i;
/** Where neither a secret's name stands nor an escape that could hide one, there is nothing to look for. */
const MENTIONED = /token|passw|bind_key|data_tkn|\\u/i;

/** The same JSON with stars in place of tokens and passwords; only its length where they cannot be told from the rest. */
export function withoutSecrets(json: string): string {
  if (!MENTIONED.test(json)) return json;
  const parsed = parse(json) ?? parse(repairJson(json));
  return parsed ?? text('unshown', { length: json.length });
}

function parse(json: string): string | undefined {
  try {
    return JSON.stringify(JSON.parse(json, (key, value: unknown) => (SECRET.test(key) ? '***' : value)));
  } catch {
    return undefined;
  }
}
