/** Who asks an S3 server: from the environment as the AWS tools name it, or from a file in their form. */
import { ReleasePlanError } from '../../core/errors.ts';
import { readPrivateFile } from '../secret.ts';

export interface S3Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  /** Of temporary credentials. */
  sessionToken?: string;
}

/** Where the AWS tools look for credentials first, and so do we. */
export const S3_VARIABLES = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'] as const;

type Env = Readonly<Record<string, string | undefined>>;

/**
 * @param file of the form of ~/.aws/credentials; the environment when undefined
 * @param what whose they are, for the message
 * @throws ReleasePlanError `secret-missing`, `secret-exposed`
 */
export async function s3Credentials(file: string | undefined, what: string, env: Env): Promise<S3Credentials> {
  const values =
    file === undefined ? env : namedAsInEnv(profileOf(await readPrivateFile(file, what), env.AWS_PROFILE ?? 'default'));
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = values;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY)
    throw new ReleasePlanError(
      'secret-missing',
      file === undefined
        ? `${what}: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set`
        : `${what}: ${file} has no aws_access_key_id and aws_secret_access_key for this profile`,
    );
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN ? { sessionToken: AWS_SESSION_TOKEN } : {}),
  };
}

const namedAsInEnv = (profile: Readonly<Record<string, string>>): Env =>
  Object.fromEntries(Object.entries(profile).map(([key, value]) => [key.toUpperCase(), value]));

/** The `key = value` lines of one `[section]`. */
function profileOf(text: string, name: string): Record<string, string> {
  const values: Record<string, string> = {};
  let section = '';
  for (const line of text.split('\n')) {
    section = /^\s*\[\s*(.+?)\s*\]/.exec(line)?.[1] ?? section;
    const [, key, value] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (section === name && key !== undefined && value !== undefined) values[key] = value;
  }
  return values;
}
