import { formatPointer, quote, type Finding, type Pointer } from '../finding.ts';
import { numbered, present, type PlanSource, type SigningSource } from '../source.ts';

/** Packages are signed, and signing has what its method needs. */
export function signingIsComplete(plan: PlanSource): Finding[] {
  const { signing } = plan;
  if (signing === undefined) return [...unsigned(plan), ...references(plan)];
  return [...whoSigns(signing), ...references(plan)];
}

/** Exactly one of a key, several signers, and a command; and what cms needs besides. */
function whoSigns(signing: SigningSource): Finding[] {
  const ways = (['key', 'signers', 'command'] as const).filter((one) => one in signing);
  const [way, second] = ways;
  if (way === undefined)
    return [
      {
        code: 'key-missing',
        at: ['signing'],
        message: 'signing has no "key"',
        hint: 'Name the private key, a list of "signers", or a "command" that signs.',
      },
    ];
  if (second !== undefined)
    return [
      {
        code: 'signing-conflict',
        at: ['signing', second],
        on: 'key',
        message: `signing has both "${way}" and "${second}"`,
        hint: 'Keep one: a key, several signers, or a command.',
      },
    ];
  switch (way) {
    case 'key':
      return signing.method === 'cms' && !('cert' in signing) ? [certMissing] : [];
    case 'signers':
      return signing.method === 'cms' || present(signing.signers).length < 2 ? [] : [oneSigner(signing.method)];
    case 'command':
      return commandIsComplete(signing.command);
  }
}

const certMissing: Finding = {
  code: 'key-missing',
  at: ['signing'],
  message: 'signing has no "cert"',
  hint: 'A CMS signature names its signer: give the certificate of the key.',
};

const oneSigner = (method: string | undefined): Finding => ({
  code: 'signing-conflict',
  at: ['signing', 'signers'],
  on: 'key',
  message: `a signature of method ${method ?? 'rsa'} has one signer`,
  hint: 'Several signers are a matter of cms.',
});

function commandIsComplete(command: SigningSource['command']): Finding[] {
  const words = present(command);
  return (['{in}', '{out}'] as const)
    .filter((one) => command !== undefined && !words.some((word) => word.includes(one)))
    .map((one) => ({
      code: 'signing-conflict',
      at: ['signing', 'command'],
      message: `signing.command has no ${one}`,
      hint: 'It is given the file to sign in place of {in}, and writes the signature to {out}.',
    }));
}

/** Keys, certificates and passphrases, wherever the plan names them. */
function references({ signing, swu }: PlanSource): Finding[] {
  const named: Array<[Pointer, string | undefined]> = [
    ...(['key', 'cert', 'public', 'passphrase_file'] as const).map((key): [Pointer, string | undefined] => [
      ['signing', key],
      signing?.[key],
    ]),
    ...numbered(signing?.signers).flatMap(([index, one]) =>
      (['key', 'cert', 'passphrase_file'] as const).map((key): [Pointer, string | undefined] => [
        ['signing', 'signers', index, key],
        one[key],
      ]),
    ),
    [['swu', 'encrypt', 'key'], swu?.encrypt?.key],
  ];
  return named.flatMap(([at, value]) => badReference(value, at));
}

function unsigned(plan: PlanSource): Finding[] {
  if ('signing' in plan || 'ostree' in plan || present(plan.deltas).length === 0) return [];
  return [
    {
      code: 'signing-missing',
      severity: 'warning',
      at: ['deltas'],
      on: 'key',
      message: 'the plan has no "signing", so its .swu packages are not signed',
      hint: "A SWUpdate that checks signatures, as Debian's does, rejects them.",
    },
  ];
}

/** A `$` that is no whole `${NAME}` would be taken for a part of a file name. */
function badReference(value: string | undefined, at: Pointer): Finding[] {
  if (value === undefined || !value.replaceAll(/\$\{[A-Za-z_][A-Za-z0-9_]*\}/g, '').includes('$')) return [];
  const name = /\$\{?([A-Za-z_][A-Za-z0-9_]*)/.exec(value)?.[1] ?? 'NAME';
  return [
    {
      code: 'placeholder-unknown',
      at,
      message: `${formatPointer(at)} has a "$" that does not start a variable: ${quote(value)}`,
      hint: `Write \${${name}}, with braces.`,
    },
  ];
}
