// The servers behind the platform, as stand-ins: customers' servers (customer-server.ts), clouds (clouds.ts; aws/, azure/,
// google/), their certificates (ca.ts), and the two ways in which the platform reaches them: inside the process
// (in-process.ts) and over real sockets (sockets.ts). Every stand-in checks what it gets with code of its own: nothing
// here uses the platform's signers.

export { CertificateAuthority, selfSigned, type ServerCertificate, type Validity } from './ca.js';
export { BeamVerifier, type BeamIdentity, type Verdict } from './beam-verifier.js';
export {
  CloudServer,
  type Behaviour,
  type CloudHandler,
  type CloudRequest,
  type CloudResponse,
} from './cloud-server.js';
export { CustomerServer, type CustomerMessage, type CustomerServerOptions } from './customer-server.js';
export { duplexPair } from './duplex-pair.js';
export { InProcessUpstream, type InProcessOptions } from './in-process.js';
export { SocketUpstream, type SocketOptions } from './sockets.js';
export { Clouds, type CloudsConfig, type CloudsOptions } from './clouds.js';
export type { AwsConfig, LambdaContext, LambdaFunction, LambdaHandler } from './aws/index.js';
export type { AzureConfig } from './azure/index.js';
export { type GoogleConfig, newServiceAccount } from './google/index.js';
export type { FunctionHandler, FunctionRequest, FunctionResponse, HttpFunction } from './http-function.js';
export type { KeySource, SoracomContext } from './soracom-token.js';
