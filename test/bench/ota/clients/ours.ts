/** The download of this library, as it is installed. */
import type { Download } from './client';

type Ota = typeof import('../../../../lib/aliyun/ota');

const ota: Ota = require('../../../../dist/lib/aliyun/ota');

export const download: Download = ({ url, size, md5 }, { directory, ca }) => {
  const file = { name: 'ours.bin', url, size, signMethod: 'md5', sign: md5 } as const;
  return ota.download(file, { directory, label: 'bench', ca: [ca] });
};
