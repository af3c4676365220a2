import { EXIT, type CodeTable } from './entry.ts';

/** Keys, certificates and signatures of SWUpdate packages. */
export const signingCodes = {
  'signing-missing': {
    exit: EXIT.ok,
    about: 'The plan makes .swu packages but does not sign them. A SWUpdate that checks signatures rejects them.',
    cure: 'Add a signing section.',
    example: 'deltas:   # without a section `signing:`\n  - { to: "0.2.0", from: ["0.1.0"] }',
  },
  'signing-key-missing': {
    exit: EXIT.environment,
    about:
      'A key, certificate or passphrase named under `signing` is missing: the environment variable is not set, or ' +
      'the file does not exist.',
    cure:
      'Set the variable (in CI, as a protected variable or file), or fix the path. Relative paths start in the ' +
      'folder of the plan.',
    example: 'key: ${SWU_KEY}   # and SWU_KEY is not set in the shell of the run',
  },
  'signing-key-in-plan': {
    exit: EXIT.usage,
    about: 'The plan contains a key or a PIN, where everyone who can read the plan or its history finds it.',
    cure:
      'Create a new key, since this one is exposed; keep it in a file or a protected variable, and refer to it: ' +
      '`key: ${SWU_KEY}`.',
    example: 'key: "pkcs11:token=hsm?pin-value=1234"   # instead: ${SWU_KEY}',
  },
  'signing-key-unreadable': {
    exit: EXIT.environment,
    about:
      'openssl cannot read a key or certificate: it is not PEM, its passphrase is wrong or missing, or the PKCS#11 ' +
      'token does not have it.',
    cure: 'Try `openssl pkey -in KEY -noout`. An encrypted key requires `signing.passphrase_env` or `passphrase_file`.',
    example: 'key: keys/swu.key.pem   # encrypted, and no passphrase',
  },
  'signing-key-mismatch': {
    exit: EXIT.usage,
    about:
      'The key, the certificate and `signing.public` do not belong together, or the method cannot use this kind of ' +
      'key. Devices would reject the package.',
    cure: 'Use the certificate that was issued for this key, and set `signing.public` to what devices have installed.',
    example: 'cert: keys/old.cert.pem   # issued for the previous key',
  },
  'signing-failed': {
    exit: EXIT.environment,
    about: 'openssl failed to sign the sw-description.',
    cure: 'See the output of openssl in the message.',
    example: 'key: pkcs11:object=swu   # and the token was unplugged',
  },
  'certificate-expired': {
    exit: EXIT.environment,
    about:
      'A signing certificate has expired. Devices reject packages signed with it, and SWUpdate 2022.12 does not say ' +
      'why.',
    cure: 'Issue a new certificate for the same key. If devices trust this very certificate, install it there too.',
    example: 'cert: keys/swu.cert.pem   # notAfter was yesterday',
  },
  'certificate-not-yet-valid': {
    exit: EXIT.environment,
    about: 'A signing certificate is not valid yet. Devices reject packages signed with it.',
    cure: "Check the clock of this machine and the certificate's dates.",
    example: 'cert: keys/swu.cert.pem   # notBefore is tomorrow, or this clock is wrong',
  },
  'certificate-expires-soon': {
    exit: EXIT.ok,
    about: 'A signing certificate expires within 30 days. Packages are still made.',
    cure: 'Issue a new certificate in time. If devices trust this very certificate, install it there too.',
    example: 'cert: keys/swu.cert.pem   # notAfter is in 12 days',
  },
  'signing-conflict': {
    exit: EXIT.usage,
    about: 'signing says in more than one way who signs, or does not say enough of it.',
    cure: 'Give one of `key`, `signers` (for cms) and `command`; a command needs {in} and {out}.',
    example: 'key: ${SWU_KEY}\ncommand: [./sign, "{in}", "{out}"]   # instead: one of the two',
  },
} satisfies CodeTable;
