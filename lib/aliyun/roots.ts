/**
 * GlobalSign Root CA R1, at which the platform's certificates on ports 1883 and 443 end and which current Node no
 * longer ships. It expires on 2028-01-28. The platform's own root (port 8883) and private endpoints come through
 * the setting `ca`.
 *
 * Read by OpenSSL all roots together take 1 MB and 40 ms, so that the connections of a process share them.
 */
import type { SecureContext } from 'node:tls';
import type { ClientCertificate } from './settings-check';

/** SHA-1 fingerprint B1:BC:96:8B:D4:F4:9D:62:2A:A8:9A:81:F2:15:01:52:A4:1D:82:9C. */
export const GLOBALSIGN_ROOT_R1 = `-----BEGIN CERTIFICATE-----
MIIDdTCCAl2gAwIBAgILBAAAAAABFUtaw5QwDQYJKoZIhvcNAQEFBQAwVzELMAkG
A1UEBhMCQkUxGTAXBgNVBAoTEEdsb2JhbFNpZ24gbnYtc2ExEDAOBgNVBAsTB1Jv
b3QgQ0ExGzAZBgNVBAMTEkdsb2JhbFNpZ24gUm9vdCBDQTAeFw05ODA5MDExMjAw
MDBaFw0yODAxMjgxMjAwMDBaMFcxCzAJBgNVBAYTAkJFMRkwFwYDVQQKExBHbG9i
YWxTaWduIG52LXNhMRAwDgYDVQQLEwdSb290IENBMRswGQYDVQQDExJHbG9iYWxT
aWduIFJvb3QgQ0EwggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQDaDuaZ
jc6j40+Kfvvxi4Mla+pIH/EqsLmVEQS98GPR4mdmzxzdzxtIK+6NiY6arymAZavp
xy0Sy6scTHAHoT0KMM0VjU/43dSMUBUc71DuxC73/OlS8pF94G3VNTCOXkNz8kHp
1Wrjsok6Vjk4bwY8iGlbKk3Fp1S4bInMm/k8yuX9ifUSPJJ4ltbcdG6TRGHRjcdG
snUOhugZitVtbNV4FpWi6cgKOOvyJBNPc1STE4U6G7weNLWLBYy5d4ux2x8gkasJ
U26Qzns3dLlwR5EiUWMWea6xrkEmCMgZK9FGqkjWZCrXgzT/LCrBbBlDSgeF59N8
9iFo7+ryUp9/k5DPAgMBAAGjQjBAMA4GA1UdDwEB/wQEAwIBBjAPBgNVHRMBAf8E
BTADAQH/MB0GA1UdDgQWBBRge2YaRQ2XyolQL30EzTSo//z9SzANBgkqhkiG9w0B
AQUFAAOCAQEA1nPnfE920I2/7LqivjTFKDK1fPxsnCwrvQmeU79rXqoRSLblCKOz
yj1hTdNGCbM+w6DjY1Ub8rrvrTnhQ7k4o+YviiY776BQVvnGCv04zcQLcFGUl5gE
38NflNUVyRRBnMRddWQVDf9VMOyGj/8N7yy5Y0b2qvzfvGn9LhJIZJrglfCm7ymP
AbEVtQwdpf5pLGkkeB6zpxxxYu7KyJesF12KwvhHhm4qxFYxldBniYUr+WymXUad
DKqC5JlR3XC321Y9YeRq4VzW9v493kHMB65jUr9TU/Qr6cf9tveCX4XSQRjbgbME
HMUfpIBvFSDJ3gyICh3WZlXi/EjJKSZp4A==
-----END CERTIFICATE-----`;

/** PEM texts of what is trusted besides Node's own roots: the root above and `more`. */
export function additionalRoots(more: readonly string[] = []): string[] {
  return [...new Set([GLOBALSIGN_ROOT_R1, ...more])];
}

/** PEM texts for the option `ca` of a TLS connection. */
function trustedRoots(more: readonly string[] = []): string[] {
  return [...tls().rootCertificates, ...additionalRoots(more)];
}

/** What was read of which `more`, for as long as a connection uses it: a cache and nothing else. */
const trusted = new Map<string, WeakRef<SecureContext>>();

/** `trustedRoots` for the option `secureContext` of a TLS connection. */
export function sharedTrust(more: readonly string[] = []): SecureContext {
  const key = additionalRoots(more).join('\n');
  const known = trusted.get(key)?.deref();
  if (known) return known;
  const context = tls().createSecureContext({ ca: trustedRoots(more) });
  trusted.set(key, new WeakRef(context));
  return context;
}

/** `sharedTrust` of one device, with the certificate by which it signs in. */
export function trustWith({ cert, key }: ClientCertificate, more: readonly string[] = []): SecureContext {
  return tls().createSecureContext({ ca: trustedRoots(more), cert, key });
}

/** Loaded with the first secure connection: a device on plain TCP starts sooner without it. */
function tls(): typeof import('node:tls') {
  return require('node:tls');
}
