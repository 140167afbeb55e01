/** What the benchmark asks of a client. Loads none of them: that is measured, too. */

export const CLIENT_NAMES = ['bare', 'ours', 'curl'] as const;
export type ClientName = (typeof CLIENT_NAMES)[number];

export interface Firmware {
  url: string;
  /** In bytes. */
  size: number;
  /** Hexadecimal. */
  md5: string;
}

/** Where a firmware goes, and by whom its server is vouched for. */
export interface Place {
  directory: string;
  /** PEM. */
  ca: string;
  /** The same, in a file. */
  caFile: string;
}

/** Resolves with the path of the file when it is verified and on the disk: each has waited for `fsync`. */
export type Download = (firmware: Firmware, place: Place) => Promise<string>;

/** The module of each client exports the one function `download`. */
export function openClient(name: ClientName): Download {
  const { download }: { download: Download } = require(`./${name}`);
  return download;
}
