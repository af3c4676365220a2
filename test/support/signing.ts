import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { scratch } from './scratch.ts';

const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'ignore' });

export interface KeySet {
  /** Folder of the files; what a plan's folder would be. */
  dir: string;
}

/**
 * Throw-away keys: rsa.pem, rsa.pub.pem, rsa.crt; ec.pem, ec.crt (what most
 * tests sign with); encrypted.pem (rsa.pem, passphrase `correct horse`);
 * other.pem, other.crt, that nobody trusts; code.crt, of rsa.pem, for
 * codeSigning alone; expired.crt, of ec.pem, which ended in 2020.
 */
export function makeKeys(name: string): KeySet {
  const dir = scratch(name);
  const at = (file: string): string => join(dir, file);
  const selfSigned = (key: string, crt: string, ...more: string[]): void =>
    openssl(
      'req',
      '-x509',
      '-new',
      '-key',
      at(key),
      '-subj',
      `/CN=${crt}/O=release-plan test`,
      '-days',
      '3650',
      '-out',
      at(crt),
      ...more,
    );
  openssl('genrsa', '-out', at('rsa.pem'), '2048');
  openssl('pkey', '-in', at('rsa.pem'), '-pubout', '-out', at('rsa.pub.pem'));
  openssl('pkey', '-in', at('rsa.pem'), '-aes256', '-passout', 'pass:correct horse', '-out', at('encrypted.pem'));
  for (const key of ['ec.pem', 'other.pem'])
    openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', at(key));
  selfSigned('rsa.pem', 'rsa.crt');
  selfSigned('ec.pem', 'ec.crt');
  selfSigned('other.pem', 'other.crt');
  selfSigned('rsa.pem', 'code.crt', '-addext', 'extendedKeyUsage=codeSigning');
  selfSignedBetween(dir, 'ec.pem', 'expired.crt', '20190101000000Z', '20200101000000Z');
  return { dir };
}

/**
 * A self-signed certificate with dates of one's own, which `openssl req` cannot give in OpenSSL 3.0; `openssl ca` can.
 */
export function selfSignedBetween(dir: string, key: string, crt: string, from: string, until: string): void {
  const config = `[ca]\ndefault_ca=d\n[d]\ndatabase=${dir}/index\nnew_certs_dir=${dir}\nserial=${dir}/serial\ndefault_md=sha256\npolicy=p\nunique_subject=no\nrand_serial=yes\n[p]\ncommonName=supplied\n`;
  execFileSync('sh', ['-c', 'cat > "$1/ca.cnf"; : > "$1/index"', 'sh', dir], { input: config });
  openssl('req', '-new', '-key', join(dir, key), '-subj', `/CN=${crt}`, '-out', join(dir, 'request.pem'));
  openssl(
    'ca',
    '-batch',
    '-selfsign',
    '-config',
    join(dir, 'ca.cnf'),
    '-keyfile',
    join(dir, key),
    '-in',
    join(dir, 'request.pem'),
    '-out',
    join(dir, crt),
    '-notext',
    '-startdate',
    from,
    '-enddate',
    until,
  );
}
