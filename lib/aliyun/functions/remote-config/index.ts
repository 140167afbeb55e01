/**
 * Remote configuration: `fetchConfig(await getConfig(device), device)`. An entry of its own, beside `lib/aliyun`: that needs no
 * HTTPS client.
 */
export { type FetchOptions, fetchConfig } from './fetch';
export { type ConfigNotice, parseConfigNotice } from './notice';
export { getConfig, onConfigPush } from './request';
