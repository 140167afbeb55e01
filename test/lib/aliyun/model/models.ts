/** Thing models for the tests of this folder. */

import { ThingModel } from '../../../../lib/aliyun/model';
import { MialinkError, type Reason } from '../../../../lib/errors';
import lampTsl from './lamp.json';

export { lampTsl };

export const lamp = ThingModel.parse(lampTsl, 'the lamp');

/** With one property `Value`. */
export function modelOf(dataType: unknown): ThingModel {
  return ThingModel.parse({ properties: [{ identifier: 'Value', dataType }] }, 'the device');
}

/** For `assert.throws`: fails for this reason, with this text, and as something to be mended in the settings. */
export function because(reason: Reason, text = /(?:)/): (error: unknown) => boolean {
  return (error) =>
    error instanceof MialinkError &&
    error.reason === reason &&
    error.code === 'CONFIG' &&
    text.test(error.message);
}
