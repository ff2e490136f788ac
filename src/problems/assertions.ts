/** Refusals of identity assertions of other issuers (ID-JAG). The client gets `invalid_grant`; the details are for the log. */
import type { Problems } from './problem.js'

export const assertionProblems = {
  'assertion-missing': {
    error: 'invalid_request',
    says: ['the parameter assertion is missing'],
    means: 'The token request with the grant type jwt-bearer has no `assertion`.',
    change: { client: 'Send the identity assertion that your identity provider issued for this server.' },
  },
  'assertion-unverifiable': {
    error: 'temporarily_unavailable',
    says: ['the assertion cannot be verified right now'],
    logs: ['the keys of {} cannot be fetched'],
    means: 'The server could not fetch the keys of the trusted issuer.',
    change: { client: 'Try again later.', operator: 'Check that this server can reach the `jwks_uri` of the issuer.' },
    show: 'gatehouse config check',
  },
  'assertion-scope': {
    error: 'invalid_scope',
    says: ['the assertion allows none of the requested scopes'],
    means: 'Assertion, request and resource have no scope in common.',
    change: { client: 'Request scopes that the assertion and the resource both have.' },
  },
  'assertion-malformed': {
    error: 'invalid_grant',
    logs: ['not a JWT', 'longer than any assertion', 'unexpected "typ" JWT header value'],
    means: 'The assertion is not a JWT of type `oauth-id-jag+jwt`.',
    change: { client: 'Send the assertion as the identity provider issued it.' },
  },
  'assertion-issuer': {
    error: 'invalid_grant',
    logs: ['its issuer is not trusted', 'iss is not the trusted issuer', 'the issuer is not trusted for this client'],
    means: 'The issuer of the assertion is not among `assertion_issuers` of `gatehouse.yaml`, or not for this client.',
    change: { operator: 'Add the issuer, or the client to its `clients`.' },
    show: 'gatehouse config print',
  },
  'assertion-signature': {
    error: 'invalid_grant',
    logs: ['signature verification failed', 'no applicable key found in the JSON Web Key Set'],
    means: 'No key of the trusted issuer verifies the signature.',
    change: { operator: 'Compare `jwks` or `jwks_uri` of the setting with the keys that the issuer uses now.' },
    show: 'gatehouse config print',
  },
  'assertion-claims': {
    error: 'invalid_grant',
    logs: [
      'sub is missing',
      'jti is missing',
      'exp is missing',
      'iat is missing',
      'scope is not text',
      'resource is not text',
      'email is not text',
      'cnf is not a key thumbprint',
      '"{}" claim must be a number',
      'missing required "{}" claim',
    ],
    means: 'The assertion lacks a required claim, or a claim is malformed.',
    change: { operator: 'Configure the identity provider to issue assertions as the MCP extension describes them.' },
  },
  'assertion-audience': {
    error: 'invalid_grant',
    logs: ['aud is not this authorization server alone', 'client_id is not the client that presents it'],
    means: 'The assertion was issued for a different server or client, or for several servers.',
    change: {
      client: 'Request an assertion with the issuer of this server as its only audience, and with your `client_id`.',
    },
  },
  'assertion-lifetime': {
    error: 'invalid_grant',
    logs: ['it has expired', 'it lives longer than allowed', 'it is not valid yet'],
    means: 'The assertion has expired, is not valid yet, or is valid for longer than `max_lifetime_seconds`.',
    change: {
      client: 'Request a new assertion for each exchange.',
      operator: 'Compare the clocks, or raise `max_lifetime_seconds`.',
    },
  },
  'assertion-resource': {
    error: 'invalid_grant',
    logs: ['its resource is not served here', 'the requested resource is not the one the assertion is for'],
    means: 'The assertion is for a resource that this server does not have, or for a different one than requested.',
    change: { client: 'Send the same `resource` in both requests, exactly as in the metadata of the MCP server.' },
    show: 'gatehouse doctor',
  },
  'assertion-account': {
    error: 'invalid_grant',
    logs: [
      'its subject is not linked, and it has no verified email address',
      'its issuer is not allowed to assert addresses of that email domain',
      'its subject is not linked to an account',
      'there is no account with its email address',
    ],
    means: 'The subject of the assertion matches no account on this server.',
    change: {
      operator: 'Link the subject (`accounts link`), add the account, or allow its domain in `email_domains`.',
    },
    show: 'gatehouse accounts list',
  },
  'assertion-key': {
    error: 'invalid_grant',
    logs: ['the assertion is bound to a key that was not proven'],
    means: 'The assertion is bound to a key (`cnf`), and the request has no DPoP proof of it.',
    change: { client: 'Send a DPoP proof made with the key that the assertion names.' },
  },
  'assertion-replayed': {
    error: 'invalid_grant',
    logs: ['the assertion was used before'],
    means: 'This assertion was exchanged before. Each assertion works once.',
    change: { client: 'Request a new assertion for each exchange.' },
  },
} satisfies Problems
