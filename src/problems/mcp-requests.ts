/** Refusals of the MCP endpoint after a valid token, and before it checks the token. */
import type { Problems } from './problem.js'

export const mcpRequestProblems = {
  'permission-missing': {
    error: 'insufficient_scope',
    says: [
      'this operation needs permissions that were not granted',
      'this operation needs permissions that were not granted: {}',
    ],
    logs: ['needs {}'],
    means:
      'The token is valid but lacks a scope of the operation. The challenge names the scopes to request (MCP step-up).',
    change: {
      client: 'Authorize again with the scopes of the challenge.',
      person: 'Tick the permission on the consent page.',
    },
    show: 'gatehouse audit list --event consent.allowed',
  },
  hidden: {
    says: [
      'Method not found',
      'Resource not found: {}',
      'Tool {} not found',
      'Prompt {} not found',
      'Invalid Request: it names something that does not exist',
    ],
    logs: ['hidden'],
    means: 'The operation does not exist, or its rule hides it from tokens without the scope.',
    change: {
      client: 'List tools, prompts and resources again: they depend on the token.',
      server:
        'Use `whenMissing: "challenge"` for operations that callers may know about. `READ_ONLY` hides every tool that changes something.',
    },
  },
  allowed: {
    logs: ['allowed'],
    means: 'The guard allowed the request. This is not a failure.',
    change: {},
  },
  rate_limited: {
    error: 'temporarily_unavailable',
    says: ['too many requests: wait before you ask again', 'too many requests in one batch: send fewer'],
    logs: ['rate_limited', 'over the limit of {}', 'a batch beyond the burst'],
    means: 'The caller, or all callers together, exceeded `CALL_LIMIT_PER_CALLER` or `CALL_LIMIT_TOTAL`.',
    change: {
      client: 'Wait as `Retry-After` says. Send smaller batches.',
      operator: 'Raise the limit if the calls are legitimate.',
    },
    show: 'gatehouse config print',
  },
  'subscriptions-limit': {
    error: 'temporarily_unavailable',
    says: ['too many subscriptions are open: end one before you begin another'],
    logs: ['open subscriptions'],
    means: 'The caller has more streams open than one person may have.',
    change: { client: 'Close streams that nobody reads.' },
  },
  'origin-refused': {
    error: 'access_denied',
    says: ['pages of this origin may not call this server'],
    logs: ['Origin header is not on the list'],
    means:
      'A page of another origin calls the endpoint. The check protects against DNS rebinding (MCP Streamable HTTP).',
    change: {
      operator: 'Add the origin to `ALLOWED_ORIGINS` if its pages should have access.',
      server: 'Add it to `origins` of the guard.',
    },
    show: 'curl -si -X POST $MCP -H "Origin: https://elsewhere.example"',
  },
  'protocol-revision': {
    error: 'invalid_request',
    says: ['this protocol revision is not supported', 'Unsupported protocol version'],
    logs: ['MCP-Protocol-Version is not on the list'],
    means: 'The header `MCP-Protocol-Version` names a revision that this server does not support.',
    change: { client: 'Negotiate: send a revision that the response lists in `supported`.' },
    show: 'curl -s -X POST $MCP -H "Authorization: Bearer $TOKEN" -H "MCP-Protocol-Version: 1999-01-01"',
  },
  'resource-not-here': {
    error: 'invalid_request',
    says: ['there is no protected resource at this address'],
    means: 'The guard protects nothing at this URL.',
    change: { client: 'Use the URL of the MCP server.', server: 'Mount the guard at the path of its `resource`.' },
  },
  'body-too-large': {
    error: 'invalid_request',
    says: ['the request body is larger than {}', 'the request body is too large'],
    means: 'The body is larger than the endpoint accepts.',
    change: { client: 'Send less, or in several requests.' },
  },
  'body-too-slow': {
    error: 'invalid_request',
    says: ['the request body took too long'],
    means: 'The body did not arrive in time. Slow bodies would tie up the server.',
    change: { client: 'Send the body at once.' },
  },
  'body-not-json': {
    says: [
      'Parse error: the request body is not valid JSON',
      'Parse error: the request body is nested too deeply',
      'Parse error: the request body holds too many values',
      'Parse error: the request body was lost',
      'the request body is not valid JSON',
      'the request body is nested too deeply',
      'the request body holds too many values',
      'the request body was lost',
    ],
    means:
      'The body is not JSON, is nested too deeply, has too many values, or another middleware read it before the guard.',
    change: {
      client: 'Send one JSON-RPC message, or a batch, in UTF-8.',
      server: 'Mount body parsers after the guard.',
    },
    show: 'curl -s -X POST $MCP -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" -d {',
  },
  'event-stream-only': {
    error: 'invalid_request',
    says: ['this answer is a text/event-stream only'],
    means: 'The client subscribes but does not accept `text/event-stream`.',
    change: { client: 'Accept both `application/json` and `text/event-stream`.' },
  },
  'list-not-filtered': {
    error: 'server_error',
    says: ['a list could not be filtered'],
    means: 'The MCP server returned a list in a form that the guard cannot parse, so the guard could not filter it.',
    change: { server: 'Return lists as JSON-RPC, in JSON or in an event stream.' },
  },
  'issuer-mirror-unavailable': {
    error: 'temporarily_unavailable',
    says: ['the authorization server does not answer', 'the upstream server does not answer'],
    logs: ['forwarding failed: {}', 'the answer was cut off: {}'],
    means: 'The MCP server forwards requests of old clients to the authorization server, which does not answer.',
    change: { operator: 'Check that the MCP server can reach the issuer (`ISSUER_INTERNAL_URL`).' },
    show: 'gatehouse doctor',
  },
  'issuer-mirror-not-offered': {
    error: 'invalid_request',
    says: ['the authorization server does not offer this', 'this is not offered here'],
    means: 'An old client uses an endpoint that the authorization server does not have, registration for example.',
    change: { operator: 'Enable it at the authorization server if you want it.' },
    show: 'curl -s $ISSUER/.well-known/oauth-authorization-server',
  },
} satisfies Problems
