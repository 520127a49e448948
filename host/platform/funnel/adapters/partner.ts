// Destinations of other makers: a POST to an HTTPS URL.

import type { HeaderList } from '../../http/text.js';
import { authorizationOf, credentialsFor } from '../../cloud-delivery/credentials.js';
import type { Adapter, Delivery } from './adapter.js';

export const partner: Adapter = {
  request: (delivery) => ({
    url: new URL(delivery.endpoint ?? delivery.resourceUrl),
    headers: [['User-Agent', 'SORACOM Funnel'], ['Content-Type', delivery.contentType], ...authorization(delivery)],
    body: delivery.data,
  }),
};

function authorization({ directory, message: { caller }, credentialsId }: Delivery): HeaderList {
  if (credentialsId === undefined) return [];
  const found = credentialsFor(
    directory,
    caller,
    credentialsId,
    'api-token-credentials',
    'username-password-credentials',
  );
  return [['Authorization', authorizationOf(found) ?? '']];
}
