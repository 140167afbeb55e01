/**
 * Why the cloud refuses a sign-in. CONNACK has no words for it, but the service for pre-authentication has: it takes the
 * same triple and the same signature, and answers with a code.
 *
 *   6204 disabled · 6100 no such device · 6250 no such product · 6600, 6287, 401 signature
 *
 * Source: Alibaba Cloud IoT Platform, "HTTPS-based device authentication" and "MQTT connection" (HTTPS first).
 */
import { MialinkError } from '../../errors';
import { preauthenticate } from '../access/preauth';
import type { DialOptions } from '../dial';
import type { CheckedSettings } from '../settings';

/** Code -> the context of `authRefused`. */
const CONTEXTS: Partial<Record<string, string>> = {
  401: 'secret',
  6100: 'device',
  6250: 'product',
  6287: 'secret',
  6600: 'secret',
};
const DISABLED = 6204;

/** `problem` itself where nobody can say more. */
export async function explainRefusal(
  problem: MialinkError,
  settings: CheckedSettings,
  credentials: DialOptions['credentials'],
  signal: AbortSignal,
): Promise<MialinkError> {
  if (problem.reason === 'authRefused') return inWords(problem);
  const isBySecret = problem.reason === 'signInRefused' && problem.values.context === 'secret';
  if (!isBySecret || !isPlatforms(settings)) return problem;
  try {
    const given = (await credentials?.(signal)) ?? settings.triple;
    if (!('deviceSecret' in given)) return problem;
    await preauthenticate({ ...settings.triple, ...given }, settings, signal);
    return new MialinkError(
      'signInRefused',
      { ...problem.values, context: 'elsewhere' },
      { peer: problem.peer },
    );
  } catch (error) {
    return error instanceof MialinkError && error.reason === 'authRefused' ? inWords(error) : problem;
  }
}

/** A private platform has devices of its own: what the public service says of them is wrong. */
function isPlatforms({ authEndpoint, endpoint }: CheckedSettings): boolean {
  return authEndpoint !== '' || endpoint.host.endsWith('.aliyuncs.com');
}

function inWords({ values, peer }: MialinkError): MialinkError {
  const code = peer?.code ?? '';
  if (code === DISABLED) return new MialinkError('deviceDisabled', { device: values.device ?? '' }, { peer });
  return new MialinkError('authRefused', { ...values, context: CONTEXTS[code] ?? '' }, { peer });
}
