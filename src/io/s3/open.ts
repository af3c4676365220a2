/** Where a bucket is and who asks, from what a plan says and what the environment adds. */
import type { RetryPolicy } from '../http/retry.ts';
import { Bucket } from './bucket.ts';
import { s3Credentials } from './credentials.ts';
import { BucketRequests, type BucketHost } from './requests.ts';

/** What a plan says of a bucket; the rest is the environment's, as the AWS tools name it. */
export interface BucketPlace {
  /** Whose it is, for messages. */
  what: string;
  bucket: string;
  endpoint?: string | undefined;
  region?: string | undefined;
  pathStyle?: boolean | undefined;
  /** Absolute path of a PEM file. */
  caFile?: string | undefined;
  /** Absolute path of a file in the form of ~/.aws/credentials; the environment when undefined. */
  credentialsFile?: string | undefined;
  retries?: RetryPolicy;
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Opens a bucket with the credentials of this machine.
 *
 * @throws ReleasePlanError `secret-missing`, `secret-exposed`, `server-address`, `server-insecure`
 */
export async function openBucketAt(place: BucketPlace, host: BucketHost & { env: Env }): Promise<Bucket> {
  const { env } = host;
  const { what, bucket, credentialsFile, caFile, retries } = place;
  const endpoint = place.endpoint ?? env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL;
  const credentials = await s3Credentials(credentialsFile, what, env);
  const requests = new BucketRequests(
    {
      what,
      bucket,
      endpoint,
      region: place.region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? 'us-east-1',
      // A server of one's own seldom has a host name for each bucket.
      pathStyle: place.pathStyle ?? endpoint !== undefined,
      caFile,
      ...(retries === undefined ? {} : { retries }),
    },
    credentials,
    host,
  );
  return new Bucket(bucket, requests);
}
