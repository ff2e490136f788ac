/** Registered error codes, each with its general meaning for a client. Entries of the catalogue describe the individual causes. */

/** RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, RFC 7009 §2.2.1, RFC 7591 §3.2.2, RFC 8628 §3.5, RFC 8707 §2, RFC 9449 §5, OpenID Connect. */
export const errorCodes = {
  access_denied: 'The person or the server denied the request.',
  authorization_pending: 'The person has not answered yet: poll again.',
  consent_required: 'A page must be shown, and the client asked for none.',
  expired_token: 'The device code has expired.',
  insufficient_scope: 'The token is valid but lacks a scope: authorize again with the scopes of the challenge.',
  interaction_required: 'A page must be shown, and the client asked for none.',
  invalid_client: 'The client is unknown, is not accepted, or failed to authenticate.',
  invalid_client_metadata: 'The registration has a value that is not accepted.',
  invalid_dpop_proof: 'The DPoP proof is invalid for this request.',
  invalid_grant: 'The code, token or assertion cannot be exchanged: authorize again.',
  invalid_redirect_uri: 'The redirect URI is not registered, or may not be registered.',
  invalid_request: 'The request lacks a parameter, repeats one or contradicts itself.',
  invalid_request_object: 'The pushed request contradicts the other parameters.',
  invalid_request_uri: 'The pushed request has expired or was used: push it again.',
  invalid_scope: 'A scope does not exist, is malformed or may not be requested.',
  invalid_target: 'The `resource` is not one that tokens are issued for.',
  invalid_token: 'The token is expired, revoked or unknown: refresh it.',
  login_required: 'The person must sign in, and the client asked for no page.',
  registration_not_supported: 'The parameter `registration` is not supported.',
  request_not_supported: 'Request objects are not supported.',
  request_uri_not_supported: '`request_uri` is supported for pushed requests only.',
  server_error: 'The server has a fault.',
  slow_down: 'The device polls too often: add five seconds to the interval.',
  temporarily_unavailable:
    'The server cannot answer now, or a limit is exceeded: wait as `Retry-After` says, and keep the tokens.',
  unauthorized_client: 'The client may not use this grant type or endpoint.',
  unmet_authentication_requirements: 'The sign-in does not meet the authentication context that the client requires.',
  unsupported_grant_type: 'The server does not support this grant type.',
  unsupported_response_mode: 'The server does not support this `response_mode`.',
  unsupported_response_type: 'The server supports `response_type=code` only.',
  unsupported_token_type: 'The endpoint does not handle this kind of token.',
  use_dpop_nonce: 'Repeat the request with the nonce of the response.',
} as const

export type ErrorCode = keyof typeof errorCodes
