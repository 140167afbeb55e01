/**
 * Every reason for which the library fails: the kind of remedy (`code`) and the English text.
 * `__name__` is replaced by the error's value of that name (the notation of Node-RED's catalogues,
 * where the translations live under `errors.<reason>`). A text says what, which device, and what to do.
 *
 *   CONFIG     fix the setting            AUTH    fix the secret
 *   TRANSPORT  try again, mend the net    CODEC   the peer sent nonsense
 *   TIMEOUT    try again later            DEVICE  the peer refused: its code and message
 *   CANCELLED  we closed
 */
export type ErrorCode = 'CONFIG' | 'TRANSPORT' | 'TIMEOUT' | 'AUTH' | 'CODEC' | 'DEVICE' | 'CANCELLED';

export type Reason = keyof typeof reasons;

export const reasons = {
  // lib: any part
  closed: { code: 'CANCELLED', text: '__device__: cancelled, the connection was closed' },
  aborted: { code: 'CANCELLED', text: '__device__: cancelled by the caller' },

  // nodes
  deviceNotChosen: {
    code: 'CONFIG',
    text: '__node__: no device is chosen, or the chosen one is disabled; choose a device in the node',
  },

  deviceNotGiven: {
    code: 'CONFIG',
    text: '__node__: no device: choose one in the node, or send msg.device with its address and token',
  },
  fieldInvalid: { code: 'CONFIG', text: '__node__: the field __field__ cannot be evaluated: __cause__' },

  // lib/miio
  tokenMissing: {
    code: 'CONFIG',
    text: '__device__: the token is missing; enter its 32 hexadecimal digits in the device’s settings, or in msg.device',
  },
  tokenMalformed: {
    code: 'CONFIG',
    text: '__device__: the token must be 32 hexadecimal digits, but it has __length__ characters or others than 0-9 and a-f',
  },
  addressMissing: {
    code: 'CONFIG',
    text: '__device__: the address is missing; enter an IP address or a host name',
  },
  addressUnknown: {
    code: 'TRANSPORT',
    text: '__device__: the host name __address__ cannot be resolved (__cause__); check the name or use the IP address',
  },
  portInvalid: {
    code: 'CONFIG',
    text: '__device__: the port must be a number from 1 to 65535, not __port__',
  },
  deviceIdInvalid: {
    code: 'CONFIG',
    text: '__device__: the device id must be a decimal number below 2^64, not __deviceId__',
  },
  methodMissing: {
    code: 'CONFIG',
    text: '__device__: the method is missing; enter it in the node or send it as msg.method',
  },
  paramsInvalid: {
    code: 'CONFIG',
    text: '__device__: params of __method__ must be an array or an object, not __type__',
  },
  requestTooLong: {
    code: 'CONFIG',
    text: '__device__: __method__ is __bytes__ bytes long; one datagram carries at most __limit__',
  },
  queueFull: {
    code: 'TRANSPORT',
    text: '__device__: __waiting__ commands are waiting already; send fewer, or wait until the device has answered',
  },
  socketFailed: {
    code: 'TRANSPORT',
    text: 'the UDP socket for __device__ failed: __cause__; check the network and the bind address',
  },
  unreachable: {
    code: 'TRANSPORT',
    text: '__device__ cannot be reached: __cause__; check the address and the network',
  },
  noAnswer: {
    code: 'TIMEOUT',
    text: '__device__ did not answer __method__ within __timeoutMs__ ms; check that it is powered, on this network and in the same subnet',
  },
  notSent: {
    code: 'TIMEOUT',
    text: '__device__: __method__ was not sent within __timeoutMs__ ms, because the commands before it still waited for their answers; send fewer, or allow more time',
  },
  tokenRejected: {
    code: 'AUTH',
    text: '__device__ answers hello but not __method__: its token is probably wrong (it changes when the device is reset or joins another Wi-Fi)',
  },
  tokenOther: {
    code: 'AUTH',
    text: '__device__ signed its answer to __method__ with another token: the token in its settings is wrong',
  },
  otherDevice: {
    code: 'CONFIG',
    text: '__device__: the device at this address has the id __found__, not __deviceId__; check the address or the device id',
  },
  answerUnreadable: {
    code: 'CODEC',
    text: '__device__ answered __method__ with something that is not JSON; try again, then update its firmware',
  },
  deviceRefused: { code: 'DEVICE', text: '__device__ refused __method__: __answer__' },
  targetInvalid: {
    code: 'CONFIG',
    text: 'the address __target__ is not an IP address, a host name or a network such as 192.168.1.0/24',
  },
  targetTooLarge: {
    code: 'CONFIG',
    text: 'the network __target__ has more than __limit__ addresses; choose a smaller one',
  },

  // lib/aliyun
  tripleMissing: {
    code: 'CONFIG',
    text: '__device__: __field__ is missing; copy it from the device’s page in the IoT Platform console',
  },
  settingInvalid: { code: 'CONFIG', text: '__device__: __field__ must be __rule__, not __value__' },
  caUnreadable: {
    code: 'CONFIG',
    text: '__device__: the CA is neither a PEM certificate nor a readable file of one: __cause__',
  },
  payloadInvalid: {
    code: 'CONFIG',
    text: '__device__: the payload of __operation__ must be __rule__, not __type__',
  },
  eventMissing: {
    code: 'CONFIG',
    text: '__device__: the event is missing; enter its identifier in the node or send it as msg.event',
  },
  operationUnknown: {
    code: 'CONFIG',
    text: '__device__: msg.operation __operation__ is unknown; use one of __known__',
  },
  operationMissing: {
    code: 'CONFIG',
    text: '__device__: msg.operation is missing; use one of __known__',
  },
  notConnected: {
    code: 'TRANSPORT',
    text: '__device__ is not connected to __host__ (__cause__); __operation__ was not sent',
  },
  signInRefused: {
    code: 'AUTH',
    text: '__host__ refused the sign-in of __device__ (CONNACK __returnCode__); check ProductKey, DeviceName and DeviceSecret, and that the device is not disabled',
  },
  tlsFailed: {
    code: 'TRANSPORT',
    text: 'the certificate of __host__ was not accepted for __device__: __cause__; check the endpoint, the clock and the CA',
  },
  connectionFailed: { code: 'TRANSPORT', text: '__device__ could not connect to __host__: __cause__' },
  connectionLost: { code: 'TRANSPORT', text: '__device__ lost its connection to __host__: __cause__' },
  subscriptionRefused: {
    code: 'DEVICE',
    text: '__device__: the cloud refused the subscription to __topic__; what arrives there is missed',
  },
  sessionTaken: {
    code: 'TRANSPORT',
    text: '__device__ is disconnected again and again right after sign-in: another client probably uses the same ProductKey and DeviceName; stop one of them',
  },
  noReply: {
    code: 'TIMEOUT',
    text: '__device__: the cloud did not answer __operation__ within __timeoutMs__ ms; try again',
  },
  cloudRefused: { code: 'DEVICE', text: '__device__: the cloud refused __operation__: __code__ __message__' },
  replyLate: {
    code: 'TIMEOUT',
    text: '__device__: request __id__ was answered already, or its time was over, or it is not one of this device',
  },
  replyWithoutRequest: {
    code: 'CONFIG',
    text: 'aliyun-reply needs the message of aliyun-service or of a manual property set; msg.aliyun.id is missing',
  },
  downlinkMalformed: { code: 'CODEC', text: '__device__: a message on __topic__ was dropped: __cause__' },
  serviceUnanswered: {
    code: 'TIMEOUT',
    text: '__device__: the service __service__ was not answered within __timeoutMs__ ms; wire aliyun-service to aliyun-reply',
  },

  // lib/aliyun/ota
  otaNoticeInvalid: { code: 'CODEC', text: '__device__: the firmware notice was not accepted: __cause__' },
  otaUrlRefused: { code: 'CONFIG', text: '__device__: the firmware address was refused: __cause__' },
  otaTooLarge: {
    code: 'CONFIG',
    text: '__device__: the firmware has __size__ bytes, more than the __maxSize__ allowed; raise maxSize if this is right',
  },
  otaDownloadFailed: { code: 'TRANSPORT', text: '__device__: the firmware download failed: __cause__' },
  otaUrlExpired: {
    code: 'AUTH',
    text: '__device__: the firmware address was refused with HTTP __status__, it has probably expired; push the upgrade again',
  },
  otaVerifyFailed: { code: 'CODEC', text: '__device__: the firmware does not match its notice: __cause__' },
  otaStorageFailed: {
    code: 'CONFIG',
    text: '__device__: the firmware cannot be stored in __directory__: __cause__; check the directory and the free space',
  },
  otaNothingPending: { code: 'CONFIG', text: '__device__: no firmware is waiting for __operation__' },
  versionUnreadable: {
    code: 'CONFIG',
    text: '__device__: the firmware version informed last cannot be read (__cause__); the configured one is informed instead',
  },
  versionMissing: { code: 'CONFIG', text: '__device__: the version is missing; send it as msg.payload' },
  stepInvalid: {
    code: 'CONFIG',
    text: '__device__: the progress step must be a number from -4 to 100, not __step__',
  },
} as const satisfies Record<string, { code: ErrorCode; text: string }>;
