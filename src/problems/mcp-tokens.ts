/** Refusals of tokens and API keys by the guard of an MCP endpoint. The client gets one text; the log names the check. */
import type { Problems } from './problem.js'

export const mcpTokenProblems = {
  no_token: {
    says: ['an access token is needed'],
    logs: ['no_token'],
    means:
      'The request carries no access token. The challenge tells the client where to get one: it names the metadata (RFC 9728 §5.1).',
    change: {
      client: 'Follow `resource_metadata` of the challenge.',
      server: 'Check that the proxy passes the Authorization header on.',
    },
    show: 'curl -si $MCP',
  },
  'token-not-accepted': {
    error: 'invalid_token',
    says: ['the access token is invalid, expired or not meant for this server'],
    means:
      'The guard does not accept the token. The response never says why, because that would help an attacker; the log names the check that failed.',
    change: {
      client: 'Refresh the token; if that fails, authorize again.',
      server: 'Read `errorDetail` of the request in the log. Each detail has its own entry on this page.',
    },
    show: 'curl -si $MCP -H "Authorization: Bearer x"',
  },
  'token-request-malformed': {
    error: 'invalid_request',
    says: [
      'the access token was sent in more than one way',
      'the Authorization header is malformed',
      'access_token is malformed',
    ],
    means: 'The token is in two places, or it contains characters that are not allowed (RFC 6750 §2).',
    change: { client: 'Send `Authorization: Bearer`, one space and the token, once.' },
    show: 'curl -si $MCP -H "Authorization: Bearer a b"',
  },
  'token-expired': {
    error: 'invalid_token',
    logs: ['expired', '"exp" claim timestamp check failed', 'no exp'],
    means: 'The access token has expired.',
    change: {
      client: 'Refresh the token when `expires_in` has passed, and repeat the request.',
      server: 'Compare the clocks of both servers.',
    },
  },
  'token-clock': {
    error: 'invalid_token',
    logs: [
      "{} lies {} s in the future: this clock is behind, or the issuer's is ahead",
      '"nbf" claim timestamp check failed',
      'exp lies too far ahead',
    ],
    means: 'A time in the token is in the future, or further ahead than this server accepts.',
    change: {
      operator: 'Synchronise the clocks of issuer and MCP server (NTP).',
      server: 'Raise the maximum lifetime if the issuer intends such tokens.',
    },
    show: 'gatehouse doctor --local',
  },
  'token-audience': {
    error: 'invalid_token',
    logs: ['another audience', 'unexpected "aud" claim value'],
    means: 'The token was issued for another server (RFC 8707, RFC 9068 §4). The check prevents token passthrough.',
    change: {
      client: 'Request a token with `resource` set to the URL of this MCP server.',
      operator: 'Set the same `RESOURCE_URL` for both servers; list other spellings in `RESOURCE_ALIASES`.',
      server: 'Configure the guard with the `resource` that tokens are issued for.',
    },
    show: 'gatehouse doctor',
  },
  'token-issuer': {
    error: 'invalid_token',
    logs: ['another issuer', 'an issuer that is not trusted here', 'unexpected "iss" claim value'],
    means: 'The issuer of the token is not one that the guard trusts.',
    change: {
      client: 'Use a token of an issuer that the metadata lists in `authorization_servers`.',
      server: 'Compare the issuer of the guard with `issuer` of the metadata.',
    },
    show: 'curl -s $ISSUER/.well-known/oauth-authorization-server',
  },
  'token-signature': {
    error: 'invalid_token',
    logs: [
      'signature verification failed',
      'no applicable key found in the JSON Web Key Set',
      'multiple matching keys found in the JSON Web Key Set',
    ],
    means: 'No current key of the issuer verifies the signature. The token is forged, or its key was revoked.',
    change: { client: 'Authorize again.', operator: 'Check which keys are published.' },
    show: 'gatehouse keys list',
  },
  'token-malformed': {
    error: 'invalid_token',
    logs: [
      'not a JWT',
      'Invalid Compact JWS',
      'JWS Protected Header is invalid',
      'longer than any honest token',
      'not a JWT, and nobody is asked about other tokens',
      'unexpected "typ" JWT header value',
      '"alg" (Algorithm) Header Parameter value not allowed',
      'Invalid Token or Protected Header formatting',
    ],
    means:
      'The guard cannot verify this type of token. An ID token is not an access token, and an opaque token needs introspection.',
    change: {
      client: 'Send the access token, not the ID token or a refresh token.',
      server: 'Set up introspection if the issuer’s tokens are opaque.',
    },
    show: 'gatehouse config print',
  },
  'token-claims': {
    error: 'invalid_token',
    logs: [
      'claim {} is not a string',
      'claim {} holds U+0000',
      'claim {} is not a number',
      'claim {} holds more than strings',
      'neither client_id nor azp',
      'missing required "{}" claim',
      '"{}" claim must be a number',
      '"{}" claim must be a string',
      'unexpected "{}" claim value',
      'its token_type does not fit its binding',
      'not an access token',
    ],
    means: 'A claim is missing or does not have the form of RFC 9068 §2.2.',
    change: { server: 'Configure the issuer, or make the missing claim optional in the rules of the guard.' },
  },
  'token-without-user': {
    error: 'invalid_token',
    logs: ['acts for no user'],
    means: 'The token belongs to a machine, and this server requires a person.',
    change: {
      client: 'Use the authorization code flow.',
      server: 'Set `tokensWithoutUser: "allow"` if machines may call.',
    },
  },
  'token-binding': {
    error: 'invalid_token',
    logs: [
      'bound to a key, and no proofs are checked here',
      'bound in a way that cannot be checked here',
      'bound to a key but presented as Bearer',
      'presented with DPoP but bound to no key',
      'only key-bound tokens are taken here',
    ],
    means:
      'The token does not match the way it is presented: a key-bound token needs the scheme DPoP and a proof (RFC 9449 §7).',
    change: {
      client: 'Use the scheme that the token response names in `token_type`.',
      server: 'Set up `dpop` in the guard, or make it optional.',
    },
    show: 'gatehouse doctor',
  },
  'token-revoked': {
    error: 'invalid_token',
    logs: ['revoked', 'introspection says it is not active', 'the verifying function knows no such token'],
    means: 'The token was revoked: its grant, client, account or signing key has ended.',
    change: { client: 'Authorize again.' },
    show: 'gatehouse audit list --event grant.revoked',
  },
  'api-key-unknown': {
    error: 'invalid_token',
    logs: ['not the form of an API key', 'no such API key'],
    means: 'The API key does not exist, or was removed.',
    change: { client: 'Send the complete key, as it was shown once.', operator: 'Create a new key.' },
    show: 'gatehouse api-keys list',
  },
  'api-key-elsewhere': {
    error: 'invalid_token',
    logs: ['an API key for another resource'],
    means: 'The API key was made for another URL of the MCP server, or for another server.',
    change: { operator: 'Make another key: it is for the URL at which the notes are declared now.' },
    show: 'gatehouse api-keys list',
  },
  'api-key-expired': {
    error: 'invalid_token',
    logs: ['the API key has expired'],
    means: 'The API key has expired.',
    change: { operator: 'Create a new key, valid for as many `--days` as needed.' },
    show: 'gatehouse api-keys list',
  },
  'tokens-unverifiable': {
    error: 'temporarily_unavailable',
    says: ['tokens cannot be verified right now'],
    means:
      'The guard could not verify the token, which may be valid. It answers 503 so that clients keep their tokens.',
    change: { client: 'Repeat the request after `Retry-After`.', server: 'Read `errorDetail` in the log.' },
    show: 'gatehouse doctor',
  },
  'issuer-unreachable': {
    error: 'temporarily_unavailable',
    logs: [
      'fetching the key set failed: {}',
      'authorization server metadata not found: {}',
      'the issuer publishes no keys',
      'the issuer offers no introspection',
      'introspection failed: {}',
    ],
    means: 'The guard cannot reach the authorization server, or its metadata or keys are wrong.',
    change: {
      server: 'Check the network, the name and the certificate between both servers; see `ISSUER_INTERNAL_URL`.',
    },
    show: 'curl -s $ISSUER/.well-known/oauth-authorization-server',
  },
  'revocations-silent': {
    error: 'temporarily_unavailable',
    logs: ['the revocation feed has been silent for {} seconds'],
    means:
      'The guard no longer learns about revocations, and is configured to accept no token in that case (`REVOCATION_MAX_SILENCE_SECONDS`).',
    change: { server: 'Restore the connection to the authorization server.' },
    show: 'gatehouse doctor --local mcp',
  },
  'lookup-failed': {
    error: 'temporarily_unavailable',
    logs: ['API keys cannot be looked up', 'used proofs cannot be looked up', 'the verifying function failed'],
    means: 'A store that the guard depends on does not answer.',
    change: { operator: 'Check the database of the MCP server.' },
    show: 'gatehouse doctor --local mcp',
  },
} satisfies Problems
