/** The library: miIO devices on the LAN and devices of the Alibaba Cloud IoT Platform, usable without Node-RED. */
export * as aliyun from './aliyun';
export { type ErrorCode, MialinkError, type PeerError, type Reason, type Values } from './errors';
export type { Logger } from './logger';
export * as miio from './miio';
