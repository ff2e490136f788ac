/** Refusals of introspection, revocation and the revocation feed. */
import type { Problems } from './problem.js'

export const introspectionProblems = {
  'token-kind-unsupported': {
    error: 'unsupported_token_type',
    says: ['Structured JWT Tokens cannot be {} via the {}_endpoint'],
    means:
      'The engine does not handle JWT access tokens at this endpoint. The server answers for them itself, so a client sees this only if that fails.',
    change: { operator: 'Report it with the request id.' },
  },
  'introspection-jwt-required': {
    error: 'invalid_request',
    says: ['introspection must be requested with Accept: {} for this client'],
    means: 'The client is registered for signed introspection answers and did not ask for one.',
    change: {
      client: 'Send the `Accept` header that the text names, or register without `introspection_signed_response_alg`.',
    },
  },
  'revocation-refused': {
    error: 'invalid_request',
    says: ['client is not authorized to revoke the presented token'],
    means: 'Another client received the token. Each client may revoke its own tokens only (RFC 7009 §2.1).',
    change: { client: 'Authenticate as the client that received the token.' },
    show: 'gatehouse audit list --event grant.revoked',
  },
  'feed-not-allowed': {
    error: 'unauthorized_client',
    says: ['the feed is for resource servers: clients that may introspect'],
    means: 'The client may not read the revocation feed: it is public, or it does not introspect.',
    change: { operator: 'Add the resource server as a client with `--introspects`.' },
    show: 'curl -s $ISSUER/revocations -d client_id=$CLIENT',
  },
  'feed-request-invalid': {
    error: 'invalid_request',
    says: ['wait must be a number of seconds', 'after must be a cursor from an earlier answer of this feed'],
    means: 'A parameter of the feed does not have its form.',
    change: {
      server: 'Send the cursor of the last answer unchanged. After a restore of the database, begin without one.',
    },
  },
} satisfies Problems
