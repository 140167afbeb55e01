/**
 * Every reason for which the library fails, and the kind of remedy. The texts are in `locales/<language>.json`: what,
 * which device, and what to do; `__name__` in them is replaced by the error's value of that name.
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
  queueFull: 'TRANSPORT',
  socketFailed: 'TRANSPORT',
  unreachable: 'TRANSPORT',
  noAnswer: 'TIMEOUT',
  notSent: 'TIMEOUT',
  tokenRejected: 'AUTH',
  tokenOther: 'AUTH',
  otherDevice: 'CONFIG',
  answerUnreadable: 'CODEC',
  deviceRefused: 'DEVICE',
  targetInvalid: 'CONFIG',
  targetTooLarge: 'CONFIG',

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
} as const satisfies Record<keyof typeof texts, ErrorCode>;
