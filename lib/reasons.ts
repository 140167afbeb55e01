/**
 * Every reason for which the library fails, and the kind of remedy. The texts are in `locales/<language>.json`: what,
 * which device, and what to do; `__name__` in them is replaced by the error's value of that name. A text `reason_context`
 * takes the place of the reason's own where the error has that value `context` (as in i18next, which Node-RED uses).
 *
 *   CONFIG     fix the setting            AUTH    fix the secret
 *   TRANSPORT  try again, mend the net    CODEC   the peer sent nonsense
 *   TIMEOUT    try again later            DEVICE  the peer refused: its code and message
 *   CANCELLED  we closed
 */
import type texts from './locales/en-US.json';

export type ErrorCode = 'CONFIG' | 'TRANSPORT' | 'TIMEOUT' | 'AUTH' | 'CODEC' | 'DEVICE' | 'CANCELLED';

export type Reason = keyof typeof reasons;

export const reasons = {
  // lib: any part
  closed: 'CANCELLED',
  aborted: 'CANCELLED',

  // nodes
  deviceNotChosen: 'CONFIG',
  deviceNotGiven: 'CONFIG',
  fieldInvalid: 'CONFIG',

  // lib/miio
  tokenMissing: 'CONFIG',
  tokenMalformed: 'CONFIG',
  addressMissing: 'CONFIG',
  addressUnknown: 'TRANSPORT',
  portInvalid: 'CONFIG',
  deviceIdInvalid: 'CONFIG',
  methodMissing: 'CONFIG',
  paramsInvalid: 'CONFIG',
  requestTooLong: 'CONFIG',
  propertyDestructive: 'CONFIG',
  queueFull: 'TRANSPORT',
  socketFailed: 'TRANSPORT',
  unreachable: 'TRANSPORT',
  noAnswer: 'TIMEOUT',
  otherSubnet: 'TIMEOUT',
  commandIgnored: 'TIMEOUT',
  notSent: 'TIMEOUT',
  tokenRejected: 'AUTH',
  tokenOther: 'AUTH',
  otherDevice: 'CONFIG',
  answerUnreadable: 'CODEC',
  deviceRefused: 'DEVICE',
  targetInvalid: 'CONFIG',
  targetTooLarge: 'CONFIG',
  noBroadcast: 'TRANSPORT',
  answerUnexpected: 'CODEC',
  itemRefused: 'DEVICE',
  itemUnanswered: 'CODEC',
  propertiesFailed: 'DEVICE',
  propertiesMissing: 'CONFIG',
  propertyUnknown: 'CONFIG',
  specUnreadable: 'CONFIG',
  specInvalid: 'CONFIG',
  specNameUnknown: 'CONFIG',
  specNameAmbiguous: 'CONFIG',
  specNotReadable: 'CONFIG',
  specNotWritable: 'CONFIG',
  specValueInvalid: 'CONFIG',
  tokensUnreadable: 'CONFIG',
  tokensUnknownFile: 'CONFIG',
  tokensDamaged: 'CODEC',
  tokensTooLarge: 'CONFIG',
  tokensTooMany: 'CONFIG',
  tokensPasswordMissing: 'AUTH',
  tokensPasswordWrong: 'AUTH',
  tokensBackupEmpty: 'CONFIG',
  tokensNone: 'CONFIG',
  tokensForgotten: 'TIMEOUT',
  reportsNotOffered: 'CONFIG',
  pushPortTaken: 'TRANSPORT',
  destructiveRefused: 'CONFIG',
  wifiInvalid: 'CONFIG',
  provisioningRefused: 'DEVICE',
  firmwareUnreadable: 'CONFIG',
  firmwareNotServed: 'CONFIG',
  firmwareNotOne: 'CONFIG',
  upgradeUnderWay: 'TRANSPORT',
  upgradeBusy: 'DEVICE',
  upgradeRefused: 'DEVICE',
  upgradeNotFetched: 'TRANSPORT',
  upgradeFailed: 'DEVICE',
  upgradeRejected: 'DEVICE',
  upgradeUnfinished: 'TIMEOUT',

  // lib/aliyun
  tripleMissing: 'CONFIG',
  settingInvalid: 'CONFIG',
  caUnreadable: 'CONFIG',
  payloadInvalid: 'CONFIG',
  eventMissing: 'CONFIG',
  operationUnknown: 'CONFIG',
  operationMissing: 'CONFIG',
  notConnected: 'TRANSPORT',
  signInRefused: 'AUTH',
  tlsFailed: 'TRANSPORT',
  connectionFailed: 'TRANSPORT',
  connectionLost: 'TRANSPORT',
  subscriptionRefused: 'DEVICE',
  sessionTaken: 'TRANSPORT',
  noReply: 'TIMEOUT',
  cloudRefused: 'DEVICE',
  replyLate: 'TIMEOUT',
  replyWithoutRequest: 'CONFIG',
  downlinkMalformed: 'CODEC',
  serviceUnanswered: 'TIMEOUT',

  // lib/aliyun/ota
  otaNoticeInvalid: 'CODEC',
  otaUrlRefused: 'CONFIG',
  otaTooLarge: 'CONFIG',
  otaDownloadFailed: 'TRANSPORT',
  otaUrlExpired: 'AUTH',
  otaVerifyFailed: 'CODEC',
  otaStorageFailed: 'CONFIG',
  otaNothingPending: 'CONFIG',
  versionUnreadable: 'CONFIG',
  versionMissing: 'CONFIG',
  stepInvalid: 'CONFIG',
} as const satisfies Record<Exclude<keyof typeof texts, `${string}_${string}`>, ErrorCode>;
