/** Refusals of DPoP proofs (RFC 9449), at the authorization server and at the MCP endpoint. */
import type { Problems } from './problem.js'

export const dpopProblems = {
  'dpop-proof-claim': {
    error: 'invalid_dpop_proof',
    says: [
      'DPoP proof must have a iat number property',
      'DPoP proof must have a jti string property',
      'DPoP proof nonce must be a string',
      'invalid DPoP key binding',
      'DPoP nonces are not supported',
    ],
    logs: ['no usable jti', 'longer than any proof', 'more than one proof', 'no proof'],
    means:
      'The proof is not a signed JWT of type `dpop+jwt` with `jti`, `htm`, `htu` and `iat`, or the request has no proof or several.',
    change: { client: 'Create one proof for each request, as RFC 9449 §4.2 describes it.' },
    show: 'curl -s $ISSUER/token -H "DPoP: x" -d grant_type=refresh_token -d refresh_token=x -d client_id=$CLIENT',
  },
  'dpop-proof-time': {
    error: ['invalid_dpop_proof', 'use_dpop_nonce'],
    says: ['DPoP proof iat is not recent enough', 'DPoP proof iat is not recent enough, use a DPoP nonce instead'],
    logs: ['iat is not recent'],
    means: 'The proof is too old, or the clock of the client is ahead.',
    change: {
      client: 'Create a new proof for each request, with the current time.',
      person: 'Set the clock of the computer.',
    },
  },
  'dpop-proof-request': {
    error: 'invalid_dpop_proof',
    says: ['DPoP proof htm mismatch', 'DPoP proof htu mismatch'],
    logs: ['made for another method', 'made for another URL'],
    means: 'The proof was created for a different method or URL than that of the request.',
    change: {
      client: 'Set `htm` to the method and `htu` to the URL of the request, without query and fragment.',
      operator: 'Check `ISSUER_URL` and `RESOURCE_URL`: the server compares `htu` with the public URL.',
    },
  },
  'dpop-proof-token': {
    error: 'invalid_dpop_proof',
    says: ['DPoP proof ath mismatch'],
    logs: ['made for another access token'],
    means: 'The proof does not belong to the access token in the same request.',
    change: { client: 'Set `ath` to the SHA-256 of the access token in base64url (RFC 9449 §4.3).' },
  },
  'dpop-proof-replayed': {
    error: 'invalid_dpop_proof',
    says: ['the DPoP proof was used before'],
    logs: ['used before'],
    means: 'This proof was used before. Somebody may have copied it, or the client retried with the same proof.',
    change: { client: 'Create a new proof with a new `jti` for each request, retries included.' },
  },
  'dpop-nonce': {
    error: 'use_dpop_nonce',
    says: ['nonce is required in the DPoP proof', 'invalid nonce in DPoP proof'],
    means: 'The proof needs the nonce that the response carries (RFC 9449 §8).',
    change: { client: 'Repeat the request with the nonce of the `DPoP-Nonce` header.' },
  },
  'dpop-key-mismatch': {
    error: ['invalid_grant', 'invalid_request', 'invalid_token'],
    says: ['DPoP proof key thumbprint does not match dpop_jkt'],
    logs: [
      'DPoP proof key thumbprint does not match dpop_jkt',
      'missing DPoP proof JWT',
      'failed jkt verification',
      'made with another key',
    ],
    means: 'The code or token is bound to a key, and the request does not prove that key.',
    change: { client: 'Keep the key pair as long as you keep the tokens that are bound to it.' },
  },
  'dpop-header-missing': {
    error: 'invalid_request',
    says: [
      '`DPoP` header not provided',
      'authorization header scheme must be `DPoP` when DPoP is used',
      '`DPoP` tokens must be provided via an authorization header',
    ],
    means: 'Token and proof do not match: the scheme `DPoP` needs a `DPoP` header, and a proof needs that scheme.',
    change: { client: 'Send `Authorization: DPoP <token>` and a `DPoP` header, or neither (RFC 9449 §7.1).' },
    show: 'curl -s $ISSUER/userinfo -H "Authorization: DPoP x"',
  },
  'dpop-proof-refused': {
    error: 'invalid_dpop_proof',
    says: ['the DPoP proof is missing, does not fit this request or was used before'],
    means: 'The MCP endpoint does not accept the proof. Its log names the check that failed.',
    change: {
      client: 'Create a new proof for each request: method, URL, time, hash of the access token, new `jti`.',
      server:
        'Read `errorDetail` in the log. If it names another URL, the public URL of the guard differs from the one that the client uses.',
    },
  },
} satisfies Problems
