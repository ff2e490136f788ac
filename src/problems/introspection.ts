/** Refusals of introspection, revocation and the revocation feed. */
import type { Problems } from './problem.js'

export const introspectionProblems = {
  'token-kind-unsupported': {
    error: 'unsupported_token_type',
    says: ['Structured JWT Tokens cannot be {} via the {}_endpoint'],
    means:
      'The engine does not handle JWT access tokens at this endpoint. The server handles them itself, so a client gets this error only if that fails.',
    change: { operator: 'Report it with the request id.' },
  },
  'introspection-jwt-required': {
    error: 'invalid_request',
    says: ['introspection must be requested with Accept: {} for this client'],
    means: 'The client is registered for signed introspection responses and did not request one.',
    change: {
      client: 'Send the `Accept` header that the text names, or register without `introspection_signed_response_alg`.',
    },
  },
  'revocation-refused': {
    error: 'invalid_request',
    says: ['client is not authorized to revoke the presented token'],
    means: 'The token was issued to another client. Each client may revoke its own tokens only (RFC 7009 §2.1).',
    change: { client: 'Authenticate as the client that the token was issued to.' },
    show: 'gatehouse audit list --event grant.revoked',
  },
  'feed-not-allowed': {
    error: 'unauthorized_client',
    says: ['the feed is for resource servers: clients that may introspect'],
    means: 'The client may not read the revocation feed: it is public, or it may not introspect.',
    change: { operator: 'Add the resource server as a client with `--introspects`.' },
    show: 'curl -s $ISSUER/revocations -d client_id=$CLIENT',
  },
  'feed-request-invalid': {
    error: 'invalid_request',
    says: ['wait must be a number of seconds', 'after must be a cursor from an earlier answer of this feed'],
    means: 'A parameter of the feed is malformed.',
    change: {
      server: 'Send the cursor of the last response unchanged. After a restore of the database, start without one.',
    },
  },
} satisfies Problems
