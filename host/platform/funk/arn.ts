/** The ARN of a Lambda function in its parts. */
export interface LambdaArn {
  readonly region: string;
  /** The ARN without version or alias. */
  readonly functionArn: string;
  /** Version or alias. */
  readonly qualifier: string | undefined;
}

const ARN =
  /^(arn:aws(?:-[a-z]+)*:lambda:([a-z]{2}(?:-[a-z]+)+-\d):\d{12}:function:[\w-]{1,64})(?::(\$LATEST|[\w-]{1,128}))?$/;

/** Undefined for what is no such ARN. */
export function parseArn(text: string): LambdaArn | undefined {
  const [, functionArn, region, qualifier] = ARN.exec(text) ?? [];
  return functionArn === undefined || region === undefined ? undefined : { region, functionArn, qualifier };
}
