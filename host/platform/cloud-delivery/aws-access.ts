// What signs a request to AWS: a key out of the operator's store, or temporary credentials of a role in the operator's account,
// which the platform assumes with a key of its own (AWS STS, AssumeRole). Those are kept until shortly before they end.

import { DeliveryStatus, AWS_ROLE } from '../choices.js';
import type { CredentialsReference } from '../directory/index.js';
import type { DeviceMessage } from '../message/message.js';
import { Refusal } from '../refusal.js';
import type { ServiceContext } from '../context.js';
import { Secret } from '../../secret.js';
import type { AwsCredentials } from '../outbound/aws-signature.js';
import { awsEndpoint, awsRequest } from './aws.js';
import type { Delivery } from './delivery.js';
import { refusedBy } from './cloud-message.js';
import { credentialsFor } from './credentials.js';

/** Credentials are used until so long before their end: a request has to arrive before it. */
const EARLY_MS = 5 * 60_000;

interface Lease {
  readonly credentials: AwsCredentials;
  readonly untilMs: number;
}

export class AwsAccess {
  readonly #context: ServiceContext;
  readonly #delivery: Delivery;
  /** By operator, role and external ID: no lease serves another operator. */
  readonly #leases = new Map<string, Lease>();

  constructor(context: ServiceContext, delivery: Delivery) {
    this.#context = context;
    this.#delivery = delivery;
  }

  /** Throws Refusal for credentials that are missing or of another type, and with AWS's words when the role is not given. */
  async credentials(
    message: DeviceMessage,
    reference: CredentialsReference | undefined,
    region: string,
  ): Promise<AwsCredentials> {
    const entry = this.#entry(message, reference);
    if (entry.type === 'aws-credentials') return entry;
    const id = leaseId(message, entry);
    const known = this.#leases.get(id);
    if (known !== undefined && this.#context.clock.unixMs() < known.untilMs) return known.credentials;
    const lease = await this.#assume(message, entry, region);
    this.#leases.set(id, lease);
    return lease.credentials;
  }

  /** AWS has refused what was signed so: the role may be another now. */
  forget(message: DeviceMessage, reference: CredentialsReference | undefined): void {
    const entry = this.#entry(message, reference);
    if (entry.type !== 'aws-credentials') this.#leases.delete(leaseId(message, entry));
  }

  #entry({ caller }: DeviceMessage, reference: CredentialsReference | undefined) {
    const { directory } = this.#context;
    return credentialsFor(directory, caller, reference, 'aws-credentials', 'aws-iam-role-credentials');
  }

  async #assume(message: DeviceMessage, { roleArn, externalId }: Role, region: string): Promise<Lease> {
    const { awsKey, clock } = this.#context;
    if (awsKey === undefined)
      throw new Refusal(DeliveryStatus.NotEquipped, 'this platform has no key at AWS to assume a role with');
    const form = new URLSearchParams({
      ...{ Action: 'AssumeRole', Version: '2011-06-15', RoleArn: roleArn, ExternalId: externalId },
      ...{ RoleSessionName: AWS_ROLE.sessionName, DurationSeconds: String(AWS_ROLE.seconds) },
    });
    const answer = await this.#delivery.post(message, {
      ...awsRequest({
        url: new URL(awsEndpoint('sts', region)),
        target: '/',
        headers: [['Content-Type', 'application/x-www-form-urlencoded; charset=utf-8']],
        body: Buffer.from(form.toString()),
        ...{ region, service: 'sts', unixMs: clock.unixMs(), credentials: awsKey },
      }),
      shown: '[redacted]',
    });
    if (answer.status !== 200) throw refusedBy(answer);
    return leaseOf(Buffer.from(answer.body).toString());
  }
}

interface Role {
  readonly roleArn: string;
  readonly externalId: string;
}

const leaseId = ({ caller }: DeviceMessage, { roleArn, externalId }: Role): string =>
  JSON.stringify([caller.operatorId, roleArn, externalId]);

function leaseOf(xml: string): Lease {
  const field = (name: string): string => new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml)?.[1] ?? '';
  const secret = (name: string): Secret => new Secret(Buffer.from(field(name)));
  const expires = Date.parse(field('Expiration'));
  if (['AccessKeyId', 'SecretAccessKey', 'SessionToken'].some((name) => field(name) === '') || Number.isNaN(expires)) {
    throw new Refusal(DeliveryStatus.BadGateway, 'the destination gave no credentials for the role');
  }
  const sessionToken = secret('SessionToken');
  const credentials = { accessKeyId: field('AccessKeyId'), secretAccessKey: secret('SecretAccessKey'), sessionToken };
  return { credentials, untilMs: expires - EARLY_MS };
}
