// Checks a token of Endorse for somebody who is shown one. Needs Node 20 and nothing else.
//
//   node verify.mjs TOKEN [--keys URL]     prints who the SIM is; exit code 1 and the reason for a token that is not good
//
// As a module: `verifyToken(token, options)` resolves to the claims or rejects with an Error that names the reason.

import { createPublicKey, verify } from 'node:crypto';
import { pathToFileURL } from 'node:url';

/** Where the platform publishes its keys. */
const KEYS = 'https://s3-ap-northeast-1.amazonaws.com/soracom-public-keys/';
/** Only names like these are fetched: a `kid` with a path or a host in it would lead anywhere. */
const KID = /^v1-[0-9a-f]+-x509\.pem$/;

const published = new Map();

/** @param {string} kid @param {string} keys */
async function publishedKey(kid, keys) {
  const url = keys + kid;
  if (!published.has(url)) {
    const answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(10_000) });
    if (!answer.ok) throw new Error(`the key ${kid} is not published`);
    published.set(url, createPublicKey(await answer.text()));
  }
  return published.get(url);
}

/** @param {string} part */
function decoded(part) {
  const value = JSON.parse(Buffer.from(part, 'base64url').toString());
  if (typeof value !== 'object' || value === null) throw new Error('no object');
  return value;
}

/**
 * @param {string} token
 * @param {{ keys?: string, nowSeconds?: number }} [options]
 * @returns {Promise<Record<string, unknown>>}
 */
export async function verifyToken(token, { keys = KEYS, nowSeconds = Date.now() / 1000 } = {}) {
  const [head = '', body = '', signature = '', ...more] = token.split('.');
  let header;
  let claims;
  try {
    [header, claims] = [decoded(head), decoded(body)];
  } catch {
    throw new Error('not a JSON Web Token');
  }
  if (signature === '' || more.length > 0) throw new Error('not a JSON Web Token');
  // What the token says of itself decides nothing but which published key is tried.
  if (header.alg !== 'RS256') throw new Error('the algorithm is not RS256');
  if (typeof header.kid !== 'string' || !KID.test(header.kid)) throw new Error('the key has no allowed name');
  const key = await publishedKey(header.kid, keys);
  const signed = Buffer.from(`${head}.${body}`);
  if (!verify('sha256', signed, key, Buffer.from(signature, 'base64url'))) throw new Error('wrong signature');
  if (claims.iss !== 'https://soracom.io') throw new Error('another issuer');
  if (claims.aud !== 'soracom-endorse-audience') throw new Error('made for another audience');
  if (!(claims.nbf <= nowSeconds)) throw new Error('not yet good');
  if (!(nowSeconds < claims.exp)) throw new Error('expired');
  return claims;
}

async function main([token, option, keys]) {
  if (token === undefined || (option !== undefined && (option !== '--keys' || keys === undefined))) {
    console.error('usage: node verify.mjs TOKEN [--keys URL]');
    return 2;
  }
  try {
    const claims = await verifyToken(token, keys === undefined ? {} : { keys });
    console.log(JSON.stringify(claims['soracom-endorse-claim']));
    return 0;
  } catch (error) {
    console.error(`refused: ${error.message}`);
    return 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = await main(process.argv.slice(2));
