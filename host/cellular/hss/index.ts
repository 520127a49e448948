// The home subscriber server: who may use the network, and how the network proves itself to the card.
// Here: MILENAGE, TUAK and XOR, SQN, vectors and AUTS (auc.ts), the subscriber database, the EPS key hierarchy (kdf.ts, which the
// baseband also uses: it is not the card's).
// Not here: NAS (../nas), attach (../mme.ts), and the card's own MILENAGE (assembly/).

export { functionsOf, kcOf, sresOf } from './algorithm.js';
export type { Algorithm, KeyedSubscriber } from './algorithm.js';
export type { AuthenticationFunctions, ChallengeOutput } from './functions.js';
export { Auc, UnknownSubscriberError, quintuplet, verifyAuts } from './auc.js';
export type { AuthVector, Quintuplet } from './auc.js';
export { kasme, kdf, kenb, nasKeys } from './kdf.js';
export { Milenage, opcOf } from './milenage.js';
export type { MilenageConstants } from './milenage.js';
export { nextSqn, withInd } from './sqn.js';
export { MemorySubscribers, SubscriberStoreError } from './subscribers.js';
export type { AuthSubscriber, SubscriberStore } from './subscribers.js';
export { Tuak, topcOf } from './tuak.js';
export type { TuakParameters } from './tuak.js';
export { Xor } from './xor.js';
