/**
 * Why the cloud refuses a sign-in. CONNACK has no words for it, but the service for pre-authentication has: it takes the
 * same triple and the same signature, and answers with a code (see access/refusal).
 *
 * Source: Alibaba Cloud IoT Platform, "HTTPS-based device authentication" and "MQTT connection" (HTTPS first).
 */
import { MialinkError } from '../../errors';
import { preauthenticate } from '../access/preauth';
import type { DialOptions } from '../dial';
import type { CheckedSettings } from '../settings';

/** How it signs in, as the contexts of `signInRefused` name it. */
const BY_SECRET: readonly unknown[] = ['secret', 'registered'];

/** `problem` itself where nobody can say more. */
export async function explainRefusal(
  problem: MialinkError,
  settings: CheckedSettings,
  credentials: DialOptions['credentials'],
  signal: AbortSignal,
): Promise<MialinkError> {
  const isBySecret = problem.reason === 'signInRefused' && BY_SECRET.includes(problem.values.context);
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
    return error instanceof MialinkError && error.code === 'AUTH' ? error : problem;
  }
}

/** A private platform has devices of its own: what the public service says of them is wrong. */
function isPlatforms({ authEndpoint, endpoint }: CheckedSettings): boolean {
  return authEndpoint !== '' || endpoint.host.endsWith('.aliyuncs.com');
}
