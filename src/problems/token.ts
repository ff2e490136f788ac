/** Refusals of the token endpoint. */
import type { Problems } from './problem.js'

export const tokenProblems = {
  'grant-invalid': {
    error: 'invalid_grant',
    says: ['grant request is invalid'],
    means:
      'The server refuses the code, refresh token, device code or assertion. The response never says why, because that would help an attacker; the log names the check that failed.',
    change: {
      client: 'Discard the code or token and send the person through authorization again.',
      operator: 'Read `errorDetail` of the request in the log. Each detail has its own entry on this page.',
    },
    show: 'curl -s $ISSUER/token -d grant_type=authorization_code -d code=x -d redirect_uri=$REDIRECT -d client_id=$CLIENT -d code_verifier=$VERIFIER',
  },
  'code-not-found': {
    error: 'invalid_grant',
    logs: ['authorization code not found'],
    means: 'The server never issued this authorization code, or its grant has ended since.',
    change: { client: 'Send the code unchanged, to the issuer that the redirect names in `iss`.' },
  },
  'code-expired': {
    error: 'invalid_grant',
    logs: ['authorization code is expired'],
    means: 'The authorization code was exchanged too late. A code is valid for one minute.',
    change: {
      client: 'Exchange the code as soon as the redirect arrives.',
      operator: 'Compare the clocks of the servers.',
    },
  },
  'code-used': {
    error: 'invalid_grant',
    logs: ['authorization code already consumed', 'AuthorizationCode was already used'],
    means:
      'The authorization code was exchanged before. The server ends the whole grant, because one of the two parties may have stolen the code (RFC 9700 §4.5).',
    change: { client: 'Exchange each code once. Do not process a redirect twice, and do not retry automatically.' },
    show: 'gatehouse audit list --event grant.revoked',
  },
  'code-redirect-mismatch': {
    error: 'invalid_grant',
    logs: ['authorization code redirect_uri mismatch'],
    means: 'The `redirect_uri` of the token request differs from that of the authorization request.',
    change: { client: 'Send the same `redirect_uri` in both requests, character for character.' },
  },
  'grant-other-client': {
    error: 'invalid_grant',
    logs: ['client mismatch'],
    means: 'The server issued this code or token to a different client.',
    change: {
      client:
        'Use the `client_id` of the authorization request. Store tokens together with the client id and the issuer.',
    },
  },
  'pkce-mismatch': {
    error: 'invalid_grant',
    logs: [
      'code_verifier does not match code_challenge',
      'code_verifier must be provided',
      'unsupported code_challenge_method',
    ],
    means:
      'The PKCE verifier is missing, or it does not belong to the challenge of the authorization request (RFC 7636 §4.6).',
    change: { client: 'Keep the verifier of each authorization request, and send it with the code.' },
  },
  'pkce-malformed': {
    error: 'invalid_request',
    says: [
      '{} must be a string with a minimum length of 43 characters',
      '{} must be a string with a maximum length of 128 characters',
      'code_verifier contains invalid characters',
      'code_challenge contains invalid characters',
    ],
    means: 'The PKCE verifier or challenge does not have the form of RFC 7636 §4.1.',
    change: { client: 'Generate a verifier of 43 to 128 letters, digits, `-`, `.`, `_` or `~`.' },
    show: 'curl -si "$ISSUER/authorize?response_type=code&client_id=$CLIENT&redirect_uri=$REDIRECT&code_challenge_method=S256&code_challenge=x"',
  },
  'refresh-not-found': {
    error: 'invalid_grant',
    logs: ['refresh token not found'],
    means:
      'The server does not know the refresh token. It was revoked, its account was disabled, an older token of its chain was reused, or another server issued it.',
    change: { client: 'Send the person through authorization again.' },
    show: 'gatehouse audit list --event grant.revoked',
  },
  'refresh-expired': {
    error: 'invalid_grant',
    logs: ['refresh token is expired'],
    means: 'The refresh token was not used within its lifetime (`REFRESH_TOKEN_TTL_SECONDS`).',
    change: {
      client: 'Send the person through authorization again.',
      operator: 'Raise the setting if people use their clients less often.',
    },
    show: 'gatehouse config print',
  },
  'refresh-reused': {
    error: 'invalid_grant',
    logs: ['refresh token already used', 'RefreshToken was already used', 'refresh token already consumed'],
    means:
      'The client used a refresh token that was already rotated. The server ends the whole grant, because one of the two parties may have stolen it (RFC 9700 §4.14).',
    change: { client: 'Store the new refresh token before you use it. Let only one process refresh at a time.' },
    show: 'gatehouse audit list --event grant.revoked',
  },
  'refresh-scope': {
    error: 'invalid_scope',
    says: ['refresh token missing requested scope', 'refresh token missing requested scopes'],
    means: 'The refresh requests a scope that was not granted.',
    change: { client: 'Request granted scopes only. For more, send the person through authorization again.' },
  },
  'grant-not-found': {
    error: 'invalid_grant',
    logs: ['grant not found', 'grant is expired', 'the grant was revoked'],
    means: 'The authorization behind this code or token has ended: it was revoked, or it has expired.',
    change: { client: 'Send the person through authorization again.' },
    show: 'gatehouse audit list --event grant.revoked',
  },
  'grant-account': {
    error: 'invalid_grant',
    logs: ['{} invalid (referenced account not found)', 'accountId mismatch', 'the account is disabled'],
    means: 'The account behind this code, token or assertion is disabled, or it does not exist.',
    change: { operator: 'Enable the account if the person should have access.' },
    show: 'gatehouse accounts list',
  },
  'granted-scopes-gone': {
    error: 'invalid_grant',
    logs: ['none of the granted scopes exists any longer'],
    means: 'The resource no longer declares any of the scopes that the person granted.',
    change: {
      client: 'Send the person through authorization again.',
      operator: 'Declare the scopes again if they were removed by mistake.',
    },
    show: 'gatehouse doctor',
  },
  'grant-type-unsupported': {
    error: 'unsupported_grant_type',
    says: ['unsupported grant_type requested'],
    means: 'The server does not offer this grant type, or it is switched off.',
    change: {
      client: 'Use a grant type that the metadata lists in `grant_types_supported`.',
      operator: 'Switch the grant type on: the setting `DEVICE_FLOW`, or `assertion_issuers` in `gatehouse.yaml`.',
    },
    show: 'curl -s $ISSUER/token -d grant_type=password -d client_id=$CLIENT',
  },
  'grant-type-not-allowed': {
    error: ['unauthorized_client', 'invalid_request'],
    says: ['requested grant type is not allowed for this client', '{} is not allowed for this client'],
    means: 'The client is not registered for this grant type.',
    change: {
      client: 'List the grant type in `grant_types` of the registration.',
      operator: 'Add a client with this grant type (`--grant`).',
    },
    show: 'curl -s $ISSUER/token -d grant_type=client_credentials -d client_id=$CLIENT',
  },
  'scope-malformed': {
    error: ['invalid_scope', 'invalid_request'],
    says: ['scope contains invalid characters'],
    means: '`scope` contains characters that are not allowed in scopes (RFC 6749 §3.3).',
    change: { client: 'Write scopes exactly as in `scopes_supported` of the metadata, separated by one space.' },
    show: 'curl -si "$ISSUER/authorize?response_type=code&client_id=$CLIENT&redirect_uri=$REDIRECT&code_challenge_method=S256&code_challenge=$CHALLENGE&scope=%22"',
  },
  'scope-not-allowed': {
    error: 'invalid_scope',
    says: ['requested scope is not allowed'],
    means: 'The client requests a scope that it is not registered for, or that the resource does not have.',
    change: {
      client: 'Request scopes that both the registration and the resource have. `scopes_supported` lists them.',
      operator: 'Compare `scope` of the client with the scopes of the resource.',
    },
    show: 'gatehouse clients show <client_id>',
  },
  'resource-unknown': {
    error: 'invalid_target',
    says: ['resource indicator is missing, or unknown'],
    means:
      'The server issues no tokens for the `resource` of the request, or the request needs a `resource` and has none.',
    change: {
      client: 'Send the URL of the MCP server exactly as in `resource` of its metadata (RFC 8707).',
      operator: 'Set `RESOURCE_URL` to the URL that clients use; list other spellings in `RESOURCE_ALIASES`.',
    },
    show: 'curl -s $ISSUER/token -d grant_type=authorization_code -d code=x -d client_id=$CLIENT -d resource=https://elsewhere.example/mcp',
  },
  'resource-not-named': {
    error: 'invalid_target',
    says: ['the request must name its resource: there are several'],
    means: 'This server issues tokens for several resources without a default, and the request names none.',
    change: {
      client: 'Send `resource`, the URL of the MCP server exactly as in its metadata (RFC 8707).',
      operator: 'Mark one resource as the default if old clients cannot name one.',
    },
    show: 'gatehouse doctor',
  },
  'resource-malformed': {
    error: 'invalid_target',
    says: ['resource indicator must be an absolute URI', 'resource indicator must not contain a fragment component'],
    means: '`resource` is not an absolute URL, or it has a fragment (RFC 8707 §2).',
    change: { client: 'Send the whole URL of the MCP server, without a fragment (`#…`).' },
    show: 'curl -s $ISSUER/token -d grant_type=authorization_code -d code=x -d client_id=$CLIENT -d resource=mcp',
  },
  'resource-several': {
    error: 'invalid_target',
    says: [
      'only a single resource indicator value must be requested/resolved during Access Token Request',
      'only a single resource indicator value is supported for this grant type',
      'only a single audience value is supported',
    ],
    means: 'The token request names several resources. An access token is for one resource.',
    change: { client: 'Send a separate token request for each resource, with one `resource`.' },
  },
} satisfies Problems
