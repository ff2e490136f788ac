/** Refusals of authorization requests, including pushed ones: redirected to the client, or shown to the person as a page. */
import type { Problems } from './problem.js'

const authorize = '$ISSUER/authorize?response_type=code&client_id=$CLIENT&redirect_uri=$REDIRECT'
const challenge = 'code_challenge_method=S256&code_challenge=$CHALLENGE'

export const authorizationProblems = {
  'client-unknown': {
    error: 'invalid_client',
    says: ['client is invalid'],
    means:
      'No client has this `client_id`. The usual cause is a registration that was removed. The server shows a page, because it cannot trust the redirect URI.',
    change: {
      client: 'If the authorization page reports this, discard the stored `client_id` and register again.',
      person: 'Remove this server in the program and add it again.',
      operator: 'Check that the client exists.',
    },
    show: 'curl -s "$ISSUER/authorize?response_type=code&client_id=unknown"',
  },
  'redirect-uri-not-registered': {
    error: ['invalid_redirect_uri', 'invalid_request'],
    says: ["redirect_uri did not match any of the client's registered redirect_uris"],
    means:
      'The client did not register the redirect URI of the request. The server shows a page and does not redirect (RFC 9700 §4.1). Only the port of a loopback URI may differ.',
    change: {
      client: 'Send a registered redirect URI, character for character: scheme, host, path, trailing slash.',
      operator: 'Register the redirect URI that the client uses.',
      person: 'If you followed a link, close the window.',
    },
    show: 'curl -s "$ISSUER/authorize?response_type=code&client_id=$CLIENT&redirect_uri=https://elsewhere.example/"',
  },
  'parameter-missing': {
    error: 'invalid_request',
    says: ['missing required parameter {}', 'missing required parameters {}'],
    means: 'A parameter that the request must have is missing or empty. The text names it.',
    change: { client: 'Send the parameter.' },
    show: `curl -s $ISSUER/token -d grant_type=authorization_code -d client_id=$CLIENT`,
  },
  'parameter-repeated': {
    error: 'invalid_request',
    says: [
      '{} parameter must not be provided twice',
      '{} parameters must not be provided twice',
      'a parameter is given twice',
    ],
    means: 'The request has a parameter twice (RFC 6749 §3.1). Two parsers could use different values.',
    change: { client: 'Send each parameter once. Only `resource` may be repeated.' },
    show: 'curl -s $ISSUER/token -d grant_type=refresh_token -d client_id=$CLIENT -d scope=a -d scope=b',
  },
  'pkce-required': {
    error: 'invalid_request',
    says: ['Authorization Server policy requires PKCE to be used for this request'],
    means: 'The request has no `code_challenge`. OAuth 2.1 §4.1.1 requires PKCE.',
    change: {
      client: 'Send `code_challenge` with `code_challenge_method=S256` (RFC 7636).',
      operator: 'A confidential client that does not support PKCE may have `require_pkce: false` in `gatehouse.yaml`.',
    },
    show: `curl -si "${authorize}"`,
  },
  'pkce-method': {
    error: 'invalid_request',
    says: [
      'code_challenge_method must be provided',
      'not supported value of code_challenge_method',
      'code_challenge must be provided with code_challenge_method',
    ],
    means: 'The PKCE method is missing or is not S256, or the challenge is missing.',
    change: { client: 'Send both, with the method S256. The method `plain` gives no protection and is not supported.' },
    show: `curl -si "${authorize}&code_challenge_method=plain&code_challenge=$CHALLENGE"`,
  },
  'response-type-unsupported': {
    error: 'unsupported_response_type',
    says: ['unsupported response_type requested'],
    means: 'The server supports the authorization code flow only. OAuth 2.1 has no implicit flow.',
    change: { client: 'Send `response_type=code`.' },
    show: `curl -si "$ISSUER/authorize?response_type=token&client_id=$CLIENT&redirect_uri=$REDIRECT&${challenge}"`,
  },
  'response-type-not-allowed': {
    error: 'invalid_request',
    says: ['requested response_type is not allowed for this client'],
    means: 'The client is not registered for this `response_type`.',
    change: { client: 'Register `response_types: ["code"]`, or leave the member out.' },
    show: 'gatehouse clients show <client_id>',
  },
  'response-mode-unsupported': {
    error: ['unsupported_response_mode', 'invalid_request'],
    says: [
      'unsupported response_mode requested',
      'requested response_mode is not allowed for this client or request',
      'requested response_mode is not allowed for the requested response_type',
    ],
    means: 'The server does not support this `response_mode`.',
    change: { client: 'Leave `response_mode` out, or send `query`, `fragment` or `form_post`.' },
    show: `curl -si "${authorize}&${challenge}&response_mode=web_message"`,
  },
  'request-object-unsupported': {
    error: ['request_not_supported', 'request_uri_not_supported', 'registration_not_supported', 'invalid_request_uri'],
    says: ['invalid request_uri', 'request and request_uri parameters MUST NOT be used together'],
    means:
      'The server supports no request objects (`request`), no `registration` parameter, and only the `request_uri` of pushed requests.',
    change: { client: 'Send plain parameters, or push them first (RFC 9126).' },
    show: `curl -si "${authorize}&${challenge}&request_uri=https://elsewhere.example/"`,
  },
  'pushed-request-required': {
    error: 'invalid_request',
    says: ['Pushed Authorization Request must be used'],
    means: 'The operator requires pushed requests from this client (`require_pushed_authorization_requests`).',
    change: { client: 'Push the request first (RFC 9126), then open the browser with its `request_uri`.' },
    show: `curl -si "${authorize}&${challenge}"`,
  },
  'pushed-request-gone': {
    error: 'invalid_request_uri',
    says: ['request_uri is invalid, expired, or was already used', 'the pushed authorization request was already used'],
    logs: ['the pushed authorization request was already used'],
    means: 'The pushed request was used before, has expired (after one minute), or never existed.',
    change: { client: 'Push the request again, and open the browser at once.' },
    show: 'curl -s "$ISSUER/authorize?client_id=$CLIENT&request_uri=urn:ietf:params:oauth:request_uri:x"',
  },
  'pushed-request-mismatch': {
    error: 'invalid_request_object',
    says: [
      'request client_id must equal the one in request parameters',
      "request client_id must equal the authenticated client's client_id",
      'request response_type must equal the one in request parameters',
      'request client_id mismatch',
    ],
    means:
      'The client that uses a pushed request is not the one that pushed it, or it repeats a parameter with a different value.',
    change: { client: 'Send only `client_id` and `request_uri`, with the `client_id` that pushed the request.' },
  },
  'prompt-unsupported': {
    error: 'invalid_request',
    says: ['unsupported prompt value requested', 'prompt none must only be used alone'],
    means: '`prompt` has a value that the server does not support, or combines `none` with another value.',
    change: { client: 'Send `none`, `login`, `consent` or `select_account`, and `none` only by itself.' },
    show: `curl -si "${authorize}&${challenge}&prompt=none%20login"`,
  },
  'max-age-invalid': {
    error: 'invalid_request',
    says: ['invalid max_age parameter value'],
    means: '`max_age` is not a whole number of seconds.',
    change: { client: 'Send a number such as 3600, or leave it out.' },
    show: `curl -si "${authorize}&${challenge}&max_age=x"`,
  },
  'claims-invalid': {
    error: 'invalid_request',
    says: [
      'could not parse the claims parameter JSON',
      'claims parameter should be a JSON object',
      'claims parameter should have userinfo or id_token properties',
      'claims.userinfo should be an object',
      'claims.id_token should be an object',
      'claims.userinfo should not be used since userinfo endpoint is not supported',
      'claims.userinfo should not be used if access_token is not issued',
      'claims parameter should not be combined with response_type none',
      'claims.{} members must be null or objects',
      'invalid claims.id_token.acr.values type',
      'invalid claims.id_token.acr.values',
    ],
    means: 'The `claims` parameter does not have the form of OpenID Connect Core §5.5.',
    change: { client: 'Correct the JSON, or leave the parameter out: scopes such as `email` request the same claims.' },
    show: `curl -si "${authorize}&${challenge}&scope=openid&claims=x"`,
  },
  'acr-unmet': {
    error: 'unmet_authentication_requirements',
    says: [
      'none of the requested acr values can be met',
      'none of the requested ACRs could be obtained',
      'requested ACR could not be obtained',
    ],
    means: 'The client requires an authentication context (`acr`) that this server does not offer.',
    change: { client: 'Request a value of `acr_values_supported`, or mark the claim as voluntary.' },
    show: 'curl -s $ISSUER/.well-known/openid-configuration',
  },
  'openid-scope-missing': {
    error: 'invalid_request',
    says: [
      'openid scope must be requested for this response_type',
      'openid scope must be requested for clients with {}',
      'openid scope must be requested when using the {} parameter',
      'openid scope must be requested for this request',
    ],
    means: 'The request uses a feature of OpenID Connect without the scope `openid`.',
    change: { client: 'Add `openid` to `scope`, or leave the feature out.' },
    show: `curl -si "${authorize}&${challenge}&claims=%7B%22id_token%22%3A%7B%7D%7D"`,
  },
  'id-token-hint-invalid': {
    error: 'invalid_request',
    says: [
      'could not validate id_token_hint',
      'could not decode id_token_hint',
      'the id_token_hint is not one of this server',
    ],
    means: '`id_token_hint` is not an ID token of this issuer, or its signature is invalid.',
    change: { client: 'Send the ID token as this issuer issued it, or leave the hint out.' },
    show: `curl -si "${authorize}&${challenge}&scope=openid&id_token_hint=x"`,
  },
  'sign-in-required': {
    error: 'login_required',
    says: [
      'End-User authentication is required',
      'End-User authentication could not be obtained',
      'id_token_hint and authenticated subject do not match',
      'requested subject could not be obtained',
      '{} prompt was not resolved',
    ],
    means: 'The client asked not to show a page (`prompt=none`), but the person has to sign in first.',
    change: { client: 'Send the request again without `prompt=none`.' },
    show: `curl -si "${authorize}&${challenge}&prompt=none"`,
  },
  'consent-required': {
    error: ['consent_required', 'interaction_required'],
    says: [
      'requested scopes not granted',
      'requested claims not granted',
      'native clients require End-User interaction',
    ],
    means: 'The client asked not to show a page (`prompt=none`), but the person has to allow the access first.',
    change: { client: 'Send the request again without `prompt=none`.' },
    show: `curl -si "${authorize}&${challenge}&prompt=none"`,
  },
  'person-denied': {
    error: 'access_denied',
    says: ['the person did not allow access'],
    means: 'The person chose Deny, or cancelled the sign-in.',
    change: { client: 'Tell the person, and let them start again. Do not retry automatically.' },
    show: 'gatehouse audit list --event consent.denied',
  },
  'other-person': {
    error: ['login_required', 'access_denied'],
    says: ['the person who signed in is not the one the client requested'],
    means:
      'The client requested a certain person, by `id_token_hint` or by `sub` in `claims`, and a different person signed in.',
    change: {
      client: 'Leave the hint out if any person may sign in.',
      person: 'Sign in with the account that the program expects.',
    },
  },
  'no-access-granted': {
    error: 'access_denied',
    logs: [
      'authorization request resolved without requesting interactions but no account id was resolved',
      'authorization request resolved without requesting interactions but no scope was granted',
    ],
    means: 'The authorization ended without an account or without a scope, so there is nothing to issue a code for.',
    change: {
      client: 'Request at least one scope of the resource.',
      operator: 'Report it with the request id: it should not occur.',
    },
  },
  'interaction-lost': {
    error: 'invalid_request',
    says: [
      'interaction session not found',
      'interaction session id cookie not found',
      'authorization request has expired',
      'session not found',
      'session principal changed',
      'authorization session and cookie identifier mismatch',
      'interaction session and authentication session mismatch',
    ],
    logs: [
      'interaction session not found',
      'interaction session id cookie not found',
      'authorization request has expired',
    ],
    means: 'The sign-in has expired or was already answered, or this browser lost its cookies or did not start it.',
    change: { person: 'Go back to the program and connect again, in one browser.' },
  },
  'request-too-long': {
    error: 'invalid_request',
    says: ['the request is too long: push it first (RFC 9126)'],
    means: 'A posted authorization request is too long to be redirected as a URL.',
    change: { client: 'Push the request to the `pushed_authorization_request_endpoint` first.' },
    show: 'curl -s $ISSUER/.well-known/oauth-authorization-server',
  },
  'parameter-count': {
    error: 'invalid_request',
    says: ['there are more than {} parameters', 'there are more than {} resources'],
    means: 'The request has more parameters, or names more resources, than any legitimate request.',
    change: { client: 'Send only the parameters that the endpoint defines.' },
  },
  'parameter-nul': {
    error: 'invalid_request',
    says: ['a parameter holds the character U+0000'],
    means: 'A parameter contains a NUL character, which a database text cannot store.',
    change: { client: 'Remove the character.' },
    show: 'curl -s $ISSUER/token -d grant_type=refresh_token -d client_id=$CLIENT -d refresh_token=%00',
  },
} satisfies Problems
