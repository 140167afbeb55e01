/** Remote configuration: `fetchConfig(await getConfig(device), device)`. */
export { type FetchOptions, fetchConfig } from './fetch';
export { type ConfigNotice, parseConfigNotice } from './notice';
export { getConfig, onConfigPush } from './request';
