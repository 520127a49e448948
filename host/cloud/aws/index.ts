// AWS, as far as the platform's services speak with it: STS, Lambda, Kinesis, Firehose and IoT's data endpoint of one account
// in one region. Each host is a server of its own; each checks signatures, rights and limits as AWS does.

import type { Clock } from '../../clock/clock.js';
import type { Random } from '../../random.js';
import type { CloudHandler } from '../cloud-server.js';
import { AwsAccount, type AwsAccountConfig } from './account.js';
import { IotDataService } from './iot-data.js';
import { type LambdaFunctions, LambdaService } from './lambda.js';
import { FirehoseService, KinesisService } from './streams.js';
import { type RoleConfig, StsService } from './sts.js';

export type { LambdaContext, LambdaFunction, LambdaFunctions, LambdaHandler } from './lambda.js';
export type { AccessKeyConfig } from './account.js';
export type { RoleConfig } from './sts.js';

export interface AwsConfig extends AwsAccountConfig {
  /** Roles that users of other accounts may assume. */
  readonly roles?: readonly RoleConfig[];
  readonly functions?: LambdaFunctions;
  /** Names of Kinesis data streams. */
  readonly streams?: readonly string[];
  /** Names of Firehose delivery streams. */
  readonly deliveryStreams?: readonly string[];
  /** First label of IoT's data endpoint: `a1b2c3d4e5f6g7-ats` unless given. */
  readonly iotEndpoint?: string;
}

export class AwsCloud {
  readonly sts: StsService;
  readonly lambda: LambdaService;
  readonly kinesis: KinesisService;
  readonly firehose: FirehoseService;
  readonly iot: IotDataService;
  /** Which service answers at which host, HTTPS port 443. */
  readonly hosts: ReadonlyMap<string, CloudHandler>;

  constructor(clock: Clock, config: AwsConfig, random?: Random) {
    const account = new AwsAccount(clock, config, random);
    this.sts = new StsService(account, config.roles ?? []);
    this.lambda = new LambdaService(account, config.functions);
    this.kinesis = new KinesisService(account, config.streams ?? []);
    this.firehose = new FirehoseService(account, config.deliveryStreams ?? []);
    this.iot = new IotDataService(account);
    const { region } = account;
    this.hosts = new Map<string, CloudHandler>([
      [`sts.${region}.amazonaws.com`, (request) => this.sts.handle(request)],
      [`lambda.${region}.amazonaws.com`, (request) => this.lambda.handle(request)],
      [`kinesis.${region}.amazonaws.com`, (request) => this.kinesis.handle(request)],
      [`firehose.${region}.amazonaws.com`, (request) => this.firehose.handle(request)],
      [
        `${config.iotEndpoint ?? 'a1b2c3d4e5f6g7-ats'}.iot.${region}.amazonaws.com`,
        (request) => this.iot.handle(request),
      ],
    ]);
  }
}
