// Azure Event Hubs: "Send event" of its REST API, with a shared access signature made for each request.

import { createHmac } from 'node:crypto';
import { FUNNEL } from '../../choices.js';
import { credentialsFor } from '../../cloud-delivery/credentials.js';
import { eventHub } from '../destinations.js';
import type { Adapter } from './adapter.js';

export const eventHubs: Adapter = {
  request: ({ resourceUrl, endpoint, message: { caller }, credentialsId, directory, data, contentType, unixMs }) => {
    const { policyName, key } = credentialsFor(directory, caller, credentialsId, 'azure-credentials');
    const { host = '', hub = '' } = eventHub(resourceUrl) ?? {};
    const expiry = Math.floor(unixMs / 1000) + FUNNEL.sasSeconds;
    const url = new URL(endpoint ?? `https://${host}`);
    return {
      url,
      target: `${url.pathname.replace(/\/$/, '')}/${hub}/messages?api-version=2014-01`,
      headers: [
        ['Authorization', sharedAccessSignature(`https://${host}/${hub}`, policyName, key.reveal(), expiry)],
        ['Content-Type', contentType],
      ],
      body: data,
    };
  },
};

/** Event Hubs, "Generate a Shared Access Signature token". `expiry`: UNIX seconds. */
function sharedAccessSignature(resource: string, policy: string, key: Uint8Array, expiry: number): string {
  const uri = encodeURIComponent(resource.toLowerCase());
  const signature = createHmac('sha256', key).update(`${uri}\n${expiry}`).digest('base64');
  return `SharedAccessSignature sr=${uri}&sig=${encodeURIComponent(signature)}&se=${expiry}&skn=${encodeURIComponent(policy)}`;
}
