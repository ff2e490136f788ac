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
      'The proof is no signed JWT of type `dpop+jwt` with `jti`, `htm`, `htu` and `iat`, or the request has none or several.',
    change: { client: 'Make one proof for each request, as RFC 9449 §4.2 describes it.' },
    show: 'curl -s $ISSUER/token -H "DPoP: x" -d grant_type=refresh_token -d refresh_token=x -d client_id=$CLIENT',
  },
  'dpop-proof-time': {
    error: ['invalid_dpop_proof', 'use_dpop_nonce'],
    says: ['DPoP proof iat is not recent enough', 'DPoP proof iat is not recent enough, use a DPoP nonce instead'],
    logs: ['iat is not recent'],
    means: 'The proof was made too long ago, or its clock is ahead.',
    change: {
      client: 'Make a new proof for each request, with the current time.',
      person: 'Set the clock of the computer.',
    },
  },
  'dpop-proof-request': {
    error: 'invalid_dpop_proof',
    says: ['DPoP proof htm mismatch', 'DPoP proof htu mismatch'],
    logs: ['made for another method', 'made for another URL'],
    means: 'The proof was made for another method or URL than that of the request.',
    change: {
      client: 'Set `htm` to the method and `htu` to the URL of the request, without query and fragment.',
      operator: 'Check `ISSUER_URL` and `RESOURCE_URL`: the server compares with the public URL.',
    },
  },
  'dpop-proof-token': {
    error: 'invalid_dpop_proof',
    says: ['DPoP proof ath mismatch'],
    logs: ['made for another access token'],
    means: 'The proof does not belong to the access token that it came with.',
    change: { client: 'Set `ath` to the SHA-256 of the access token in base64url (RFC 9449 §4.3).' },
  },
  'dpop-proof-replayed': {
    error: 'invalid_dpop_proof',
    says: ['the DPoP proof was used before'],
    logs: ['used before'],
    means: 'This proof was used before. A copy may be in other hands, or the client retries with the same one.',
    change: { client: 'Make a new proof with a new `jti` for each request, retries included.' },
  },
  'dpop-nonce': {
    error: 'use_dpop_nonce',
    says: ['nonce is required in the DPoP proof', 'invalid nonce in DPoP proof'],
    means: 'The proof needs the nonce that the answer brings along (RFC 9449 §8).',
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
    change: { client: 'Keep the key pair as long as the tokens that are bound to it.' },
  },
  'dpop-header-missing': {
    error: 'invalid_request',
    says: [
      '`DPoP` header not provided',
      'authorization header scheme must be `DPoP` when DPoP is used',
      '`DPoP` tokens must be provided via an authorization header',
    ],
    means:
      'Token and proof do not go together: the scheme `DPoP` needs a `DPoP` header, and a proof needs that scheme.',
    change: { client: 'Send `Authorization: DPoP <token>` and a `DPoP` header, or neither (RFC 9449 §7.1).' },
    show: 'curl -s $ISSUER/userinfo -H "Authorization: DPoP x"',
  },
  'dpop-proof-refused': {
    error: 'invalid_dpop_proof',
    says: ['the DPoP proof is missing, does not fit this request or was used before'],
    means: 'The MCP endpoint does not accept the proof. Its log names the check that failed.',
    change: {
      client: 'Make a new proof for each request: method, URL, time, hash of the access token, new `jti`.',
      server:
        'Read `errorDetail` in the log. If it names another URL, the guard has another public URL than the client.',
    },
  },
} satisfies Problems
