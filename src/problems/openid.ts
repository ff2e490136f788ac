/** Refusals of userinfo and of sign-out (OpenID Connect). */
import type { Problems } from './problem.js'

export const openidProblems = {
  'userinfo-token-invalid': {
    error: 'invalid_token',
    says: ['invalid token provided'],
    means:
      'The token is expired, revoked or unknown, or it is not a token for this endpoint. The log names the check that failed.',
    change: {
      client: 'Refresh the access token. At the registration endpoint, send the latest registration access token.',
    },
    show: 'curl -s $ISSUER/userinfo -H "Authorization: Bearer x"',
  },
  'userinfo-token-detail': {
    error: 'invalid_token',
    logs: [
      'access token not found',
      'associated client not found',
      'associated account not found',
      'clientId mismatch',
      'token audience prevents accessing the userinfo endpoint',
      'access token is not sender-constrained but proof of possession was provided',
    ],
    means:
      'The access token was not issued here, its client or account is gone, or it is for a resource and lacks the scope `openid`.',
    change: { client: 'Request the scope `openid`, and send the access token that was issued with the ID token.' },
    show: 'curl -s $ISSUER/userinfo -H "Authorization: Bearer $TOKEN"',
  },
  'userinfo-scope': {
    error: 'insufficient_scope',
    says: ['access token missing openid scope', 'access token missing requested scope'],
    means: 'The access token lacks the scope `openid`, which userinfo requires.',
    change: { client: 'Request `openid`, and `profile` or `email` if you need them.' },
    show: 'curl -s $ISSUER/userinfo -H "Authorization: Bearer $TOKEN"',
  },
  'token-placement': {
    error: ['invalid_request', 'invalid_token'],
    says: [
      'no access token provided',
      'access token must only be provided using one mechanism',
      'access tokens must not be provided via query parameter',
      'authorization header scheme must be `Bearer`',
    ],
    means: 'The access token is missing, in the wrong place, or in two places.',
    change: { client: 'Send it once, as `Authorization: Bearer <token>` (RFC 6750 §2.1).' },
    show: 'curl -s "$ISSUER/userinfo?access_token=x"',
  },
  'logout-client-mismatch': {
    error: 'invalid_request',
    says: ['client_id does not match the provided id_token_hint'],
    means: 'The `client_id` of the sign-out request is not the client that the ID token was issued to.',
    change: { client: 'Send the ID token of this client, or leave one of the two out.' },
  },
  'logout-client-unknown': {
    error: 'invalid_client',
    says: ['unrecognized id_token_hint audience'],
    means: 'The client that the ID token was issued to is no longer registered.',
    change: { client: 'Leave the hint out.' },
  },
  'logout-redirect-not-registered': {
    error: 'invalid_request',
    says: ['post_logout_redirect_uri not registered'],
    means: 'The client did not register this `post_logout_redirect_uri`.',
    change: { client: 'Register it, or leave it out: the person then stays on a sign-out page.' },
    show: 'curl -s "$ISSUER/logout?client_id=$CLIENT&post_logout_redirect_uri=https://elsewhere.example/"',
  },
  'logout-form-invalid': {
    error: 'invalid_request',
    says: ['could not find logout details', 'could not find device form details', 'xsrf token invalid'],
    logs: ['could not find logout details', 'xsrf token invalid', 'could not find device form details'],
    means: 'The form was sent twice, was open for too long, or came from another site.',
    change: { person: 'Load the page again and repeat your answer.' },
  },
} satisfies Problems
