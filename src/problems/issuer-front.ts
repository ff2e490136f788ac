/** Refusals of the issuer front, which lets MCP clients use an authorization server that does not register them. */
import type { Problems } from './problem.js'

export const issuerFrontProblems = {
  'front-response-type': {
    error: 'unsupported_response_type',
    says: ['only the code flow is offered'],
    means: 'The front supports the authorization code flow only.',
    change: { client: 'Send `response_type=code`.' },
  },
  'front-request-object': {
    error: ['request_not_supported', 'request_uri_not_supported'],
    says: ['request objects are not offered', 'request_uri is not offered'],
    means: 'The front accepts plain parameters only.',
    change: { client: 'Send the parameters in the URL.' },
  },
  'front-pkce': {
    error: 'invalid_request',
    says: ['a code_challenge with the method S256 is needed'],
    means: 'The request has no PKCE challenge of the method S256.',
    change: { client: 'Send `code_challenge` and `code_challenge_method=S256`.' },
  },
  'front-response-mode': {
    error: 'invalid_request',
    says: ['only response_mode query is offered'],
    means: 'The front returns responses in the query only.',
    change: { client: 'Leave `response_mode` out.' },
  },
  'front-scope': {
    error: 'invalid_scope',
    says: ['a scope is malformed'],
    means: '`scope` contains characters that are not allowed in scopes.',
    change: { client: 'Separate scopes by one space.' },
  },
  'front-client': {
    error: 'invalid_client_metadata',
    says: [
      'the body must be a JSON object',
      '{} must be among: {}',
      'token_endpoint_auth_method must be none or a client secret',
      'the authorization server does not take such a client',
    ],
    means:
      'The front cannot register the client: the body is malformed, or a member has a value that the front does not support.',
    change: { client: 'Send what the text names, or leave the member out.' },
  },
  'front-redirect-uris': {
    error: 'invalid_redirect_uri',
    says: ['redirect_uris must name at least one URI'],
    means: 'The registration names no redirect URI.',
    change: { client: 'Send `redirect_uris`.' },
  },
  'front-registration-failed': {
    error: 'temporarily_unavailable',
    says: ['clients cannot be registered at the moment'],
    means: 'The upstream authorization server did not register the client.',
    change: { server: 'Read the reports of the front (`report`).' },
  },
  'front-grant-type': {
    error: 'unsupported_grant_type',
    says: ['only authorization_code and refresh_token are offered'],
    means: 'The front supports two grant types.',
    change: { client: 'Use one of the two.' },
  },
  'front-content-type': {
    error: 'invalid_request',
    says: ['the content type must be {}'],
    means: 'The endpoint accepts one content type.',
    change: { client: 'Send the type that the text names.' },
  },
  'front-upstream-pkce': {
    error: 'server_error',
    says: ['the authorization server does not offer PKCE with S256'],
    means: 'The metadata of the upstream server does not list PKCE with S256, which MCP requires.',
    change: {
      server: 'Use an authorization server that supports PKCE. If only its metadata lacks it, add it there.',
    },
    show: 'curl -s <issuer>/.well-known/openid-configuration',
  },
} satisfies Problems
