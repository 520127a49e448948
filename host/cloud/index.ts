// What lies behind the platform, as stand-ins: customers' servers (customer-server.ts), their certificates (ca.ts), and
// the two ways in which the platform reaches them: inside the process (in-process.ts) and over real sockets (sockets.ts).
// Every stand-in checks what it gets with code of its own: nothing here uses the platform's signer.

export { CertificateAuthority, selfSigned, type ServerCertificate, type Validity } from './ca.js';
export { BeamVerifier, type BeamIdentity, type Verdict } from './beam-verifier.js';
export { CustomerServer, type Behaviour, type CustomerMessage, type CustomerServerOptions } from './customer-server.js';
export { duplexPair } from './duplex-pair.js';
export { InProcessUpstream, type InProcessOptions } from './in-process.js';
export { SocketUpstream, type SocketOptions } from './sockets.js';
