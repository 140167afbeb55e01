/**
 * A certificate authority that lives as long as one simulated cloud, and the server certificate it signs.
 * Clients trust it through `Cloud.ca`; verification is never switched off, in tests neither.
 */
import { generate } from 'selfsigned';

const DAY_MS = 86_400_000;

/** All in PEM. */
export interface ServerCertificate {
  ca: string;
  key: string;
  cert: string;
  /** A certificate of the same authority for a client of this name. */
  issue(commonName: string): Promise<{ key: string; cert: string }>;
}

/** A fresh authority with a server certificate for localhost, 127.0.0.1 and `host`. */
export async function certify(host: string): Promise<ServerCertificate> {
  const common = {
    keyType: 'ec' as const,
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() - DAY_MS),
    notAfterDate: new Date(Date.now() + 30 * DAY_MS),
  };
  const authority = await generate([{ name: 'commonName', value: 'Simulated cloud authority' }], {
    ...common,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const ca = { key: authority.private, cert: authority.cert };
  const addresses = [...new Set(['127.0.0.1', host])];
  const server = await generate([{ name: 'commonName', value: 'localhost' }], {
    ...common,
    ca,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [{ type: 2, value: 'localhost' }, ...addresses.map((ip) => ({ type: 7 as const, ip }))],
      },
    ],
  });
  const issue = async (value: string) => {
    const client = await generate([{ name: 'commonName', value }], {
      ...common,
      ca,
      extensions: [
        { name: 'basicConstraints', cA: false, critical: true },
        { name: 'keyUsage', digitalSignature: true, critical: true },
        { name: 'extKeyUsage', clientAuth: true },
      ],
    });
    return { key: client.private, cert: client.cert };
  };
  return { ca: authority.cert, key: server.private, cert: server.cert, issue };
}
