/** Refusals of client authentication: at the token endpoint, introspection, revocation, pushed requests and the device endpoint. */
import type { Problems } from './problem.js'

export const clientAuthenticationProblems = {
  'client-authentication-failed': {
    error: 'invalid_client',
    says: ['client authentication failed'],
    means:
      'The server does not accept the client. The response never says why, because that would help an attacker; the log names the check that failed.',
    change: {
      client:
        'Register again if the registration may have been removed. Otherwise authenticate with the registered secret or key.',
      operator: 'Read `errorDetail` of the request in the log. Each detail has its own entry on this page.',
    },
    show: 'curl -s $ISSUER/token -d grant_type=authorization_code -d code=x -d client_id=unknown',
  },
  'client-not-found': {
    error: 'invalid_client',
    logs: ['client not found'],
    means:
      'No client has this `client_id`. The usual cause is a registration that was removed: by the operator, by the client itself, or because nobody used it for a long time.',
    change: {
      client: 'Discard the stored `client_id` and register again.',
      operator: 'Check that the client exists, and that the request reached the right server.',
    },
    show: 'gatehouse clients show <client_id>',
  },
  'client-secret-wrong': {
    error: 'invalid_client',
    logs: ['invalid secret provided'],
    means: 'The client is known, but its secret is not the one that was registered.',
    change: {
      client:
        'Send the secret unchanged. In a Basic header, form-encode client id and secret before base64 (RFC 6749 §2.3.1).',
      operator: 'Configure the current secret in the client, or register it again.',
    },
  },
  'client-secret-expired': {
    error: 'invalid_client',
    says: [
      'could not authenticate the client - its client secret is expired',
      'could not authenticate the client - its client secret used for the client_assertion is expired',
    ],
    logs: ['client_id {} client_secret expired at {}'],
    means: 'The secret of the client has expired.',
    change: { client: 'Register again.' },
    show: 'gatehouse clients show <client_id>',
  },
  'client-method-mismatch': {
    error: 'invalid_client',
    logs: ['the provided authentication mechanism does not match the registered client authentication method'],
    means: 'The client used a different authentication method than its registered `token_endpoint_auth_method`.',
    change: {
      client: 'Use the registered method: none, Basic header, form parameters or a signed assertion.',
      operator: 'Compare the registered method with the one that the client uses.',
    },
    show: 'gatehouse clients show <client_id>',
  },
  'client-authentication-missing': {
    error: 'invalid_request',
    says: ['no client authentication mechanism provided'],
    means: 'The request names no client.',
    change: { client: 'Send `client_id`, or authenticate with a Basic header or an assertion.' },
    show: 'curl -s $ISSUER/token -d grant_type=authorization_code -d code=x',
  },
  'client-authentication-repeated': {
    error: 'invalid_request',
    says: ['client authentication must only be provided using one mechanism'],
    means: 'The request authenticates the client twice, for example with a Basic header and with `client_secret`.',
    change: { client: 'Use one method only (RFC 6749 §2.3).' },
    show: 'curl -s $ISSUER/token -u $CLIENT:x -d grant_type=refresh_token -d client_id=$CLIENT -d client_secret=x',
  },
  'client-id-mismatch': {
    error: 'invalid_request',
    says: ['client_id mismatch'],
    means: 'The request names two different clients: in the form and in the header or the assertion.',
    change: { client: 'Send the `client_id` of the client that authenticates.' },
    show: 'curl -s $ISSUER/token -u $CLIENT:x -d grant_type=refresh_token -d client_id=another',
  },
  'authorization-header-malformed': {
    error: 'invalid_request',
    says: [
      'invalid authorization header value format',
      'client_id and client_secret in the authorization header are not properly encoded',
    ],
    means: 'The server cannot read the Authorization header.',
    change: {
      client:
        'Send `Basic`, one space, and the base64 of the form-encoded client id, a colon and the form-encoded secret (RFC 6749 §2.3.1).',
    },
    show: "curl -s $ISSUER/token -H 'Authorization: Basic' -d grant_type=refresh_token",
  },
  'client-secret-not-in-header': {
    error: 'invalid_request',
    says: ['client_secret must be provided in the Authorization header'],
    means: 'The Basic header has a client id and no secret.',
    change: { client: 'Put the secret after the colon, or register with `token_endpoint_auth_method: none`.' },
    show: 'curl -s $ISSUER/token -u $CLIENT: -d grant_type=refresh_token',
  },
  'client-assertion-malformed': {
    error: ['invalid_request', 'invalid_client'],
    says: [
      'invalid client_assertion format',
      'client_assertion_type must be provided',
      'client_assertion_type must have value {}',
    ],
    means: 'The client assertion is not a JWT, or its type is missing or wrong.',
    change: {
      client: 'Send a signed JWT as `client_assertion`, and the type of RFC 7523 §2.2 as `client_assertion_type`.',
    },
    show: 'curl -s $ISSUER/token -d grant_type=client_credentials -d client_assertion=x',
  },
  'client-assertion-claim': {
    error: 'invalid_client',
    logs: [
      'sub (JWT subject) must be provided in the client_assertion JWT',
      'expiration must be specified in the client_assertion JWT',
      'unique jti (JWT ID) must be provided in the client_assertion JWT',
      'iss (JWT issuer) must be provided in the client_assertion JWT',
      'iss (JWT issuer) must be the client_id',
      'aud (JWT audience) must be provided in the client_assertion JWT',
      'list of audience (aud) must include the endpoint url, issuer identifier or token endpoint url',
      'audience (aud) must equal the endpoint url, issuer identifier or token endpoint url',
      'audience (aud) must equal the issuer identifier url',
      'the assertion has several audiences',
      'the assertion has no usable jti',
    ],
    means: 'A claim of the client assertion is missing or has a value that the server does not accept.',
    change: {
      client:
        'Set `iss` and `sub` to the `client_id`, `aud` to the issuer alone, `exp` a few minutes ahead, and a new `jti` for each request (RFC 7523 §3).',
    },
  },
  'client-assertion-lifetime': {
    error: 'invalid_client',
    logs: [
      'the assertion lives longer than an hour',
      'the assertion is from the future',
      'jwt expired',
      'jwt not active yet',
      'jwt issued in the future',
    ],
    means: 'The client assertion is expired, not valid yet, or valid for longer than an hour.',
    change: {
      client: 'Create a new assertion for each request, valid for a few minutes.',
      operator: 'Compare the clocks of both machines.',
    },
  },
  'client-assertion-algorithm': {
    error: 'invalid_client',
    logs: ['alg mismatch'],
    means: 'The signing algorithm of the assertion is not the registered `token_endpoint_auth_signing_alg`.',
    change: { client: 'Sign with the registered algorithm, or register the one in use.' },
    show: 'gatehouse clients show <client_id>',
  },
  'client-assertion-signature': {
    error: 'invalid_client',
    logs: [
      'signature verification failed',
      'no applicable key found in the JSON Web Key Set',
      'client JSON Web Key Set is invalid',
      'client JSON Web Key Set failed to be refreshed',
    ],
    means: 'No registered key of the client verifies the signature of its assertion.',
    change: {
      client: 'Publish the public key in `jwks` or at `jwks_uri` before you sign with the private key.',
      operator: 'Check that this server can reach the `jwks_uri`.',
    },
    show: 'gatehouse clients show <client_id>',
  },
  'client-assertion-replayed': {
    error: 'invalid_client',
    logs: ['client assertion tokens must only be used once'],
    means:
      'This client assertion was used before. Somebody may have copied it, or the client retried with the same assertion.',
    change: { client: 'Create a new assertion with a new `jti` for each request, retries included.' },
  },
  'client-keys-refused': {
    error: 'invalid_client',
    logs: ['the operator does not allow the host of its keys'],
    means:
      '`CLIENT_METADATA_ALLOWED_HOSTS` or `CLIENT_METADATA_DENIED_HOSTS` excludes the host of the client’s `jwks_uri`.',
    change: { operator: 'Change the two host lists if this client should be accepted.' },
    show: 'gatehouse config print',
  },
  'client-must-authenticate': {
    error: 'invalid_client',
    logs: ['this grant requires client authentication'],
    means: 'Only confidential clients can exchange identity assertions. This client is public.',
    change: { operator: 'Register the client with a secret or with keys.' },
    show: 'gatehouse clients show <client_id>',
  },
} satisfies Problems
