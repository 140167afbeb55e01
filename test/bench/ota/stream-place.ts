/** What the cloud that gives a firmware over MQTT and its clients have in common. */
import type { Counterpart } from '../case';

export const STREAM_PORT = 18_445;
export const STREAM_MB = 16;

/** For a case: a new cloud for each sample. */
export const STREAM_CLOUD: Counterpart = { program: 'stream-cloud' };
