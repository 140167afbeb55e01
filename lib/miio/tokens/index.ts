/** Tokens from the files that Xiaomi's apps leave behind: `await extractTokens({ path: 'miio2.db' })`. */
export { type ExtractOptions, extractTokens, type TokenSource } from './extract';
export { inPrivateDirectory } from './private-directory';
export type { TokenRecord } from './record';
