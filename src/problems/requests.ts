/** Refusals of any HTTP request, at both servers: malformed, over a limit, or because of the state of the server. */
import type { Problems } from './problem.js'

export const requestProblems = {
  'wrong-host-name': {
    error: 'invalid_request',
    says: ['this server does not serve that host'],
    logs: ['the requested host is neither the public host nor an internal one'],
    means:
      'The Host header is not the host of `ISSUER_URL` or `RESOURCE_URL`. The check protects against DNS rebinding and host header injection.',
    change: {
      operator: 'Configure the proxy to pass the Host header unchanged, and set the URL that clients use.',
      client: 'Use the published URL.',
    },
    show: 'curl -s $ISSUER/token -H "Host: elsewhere.example"',
  },
  'request-target-invalid': {
    error: 'invalid_request',
    says: ['the request target is not a path'],
    means: 'The request line has no path that begins with a slash.',
    change: { client: 'Send a plain path.' },
  },
  'header-repeated': {
    error: 'invalid_request',
    says: ['the request has more than one {} header'],
    means: 'The request has a header twice that may occur once. Proxy and server could use different values.',
    change: { client: 'Send one.', operator: 'Check that the proxy does not add a second one.' },
  },
  'page-not-found': {
    error: 'invalid_request',
    says: ['there is nothing at this address'],
    means: 'No endpoint has this path.',
    change: {
      client: 'Take endpoints from the metadata. Paths have one spelling: no trailing slash, and case matters.',
    },
    show: 'curl -s $ISSUER/nowhere',
  },
  'method-not-allowed': {
    error: 'invalid_request',
    says: ['this method is not allowed here'],
    means: 'The endpoint exists but does not support this method. `Allow` lists the supported methods.',
    change: { client: 'Use a method of `Allow`.' },
    show: 'curl -s $ISSUER/token',
  },
  'body-type-not-form': {
    error: 'invalid_request',
    says: ['only forms can be posted here'],
    means: 'The page accepts `application/x-www-form-urlencoded` only.',
    change: { client: 'Pages are for browsers: open them there.' },
  },
  'request-cut-off': {
    error: 'invalid_request',
    says: ['the request ended half-way', 'the client went away'],
    means: 'The connection ended before the request was complete.',
    change: { client: 'Send the request again.', operator: 'If it happens often, check the time-outs of the proxy.' },
  },
  'request-invalid': {
    error: 'invalid_request',
    says: ['the request is invalid', 'request is invalid'],
    means: 'The request cannot be read: a wrong length, a wrong encoding, a malformed URL.',
    change: { client: 'Send a well-formed HTTP request.' },
  },
  'other-site': {
    error: 'access_denied',
    says: ['another site sent this'],
    means:
      'A page of another site made the browser send this request. The headers of the browser say so (Fetch Metadata).',
    change: { client: 'Call the endpoint from your program or with CORS, not with a form or an image.' },
    show: 'curl -s $ISSUER/token -H "Sec-Fetch-Site: cross-site" -H "Sec-Fetch-Mode: no-cors" -d a=b',
  },
  'prefetch-refused': {
    error: 'invalid_request',
    says: ['this server has no WebSocket, and no page that can be fetched ahead of a visit'],
    means: 'The browser prefetched a page, or a program requested a WebSocket.',
    change: { person: 'Open the page.' },
    show: 'curl -s $ISSUER/ -H "Sec-Purpose: prefetch"',
  },
  'requests-limit': {
    error: ['temporarily_unavailable', 'slow_down'],
    says: ['too many requests, try again later'],
    means:
      'More requests came from one network, client or person than a limit allows. `limit` in the log names the limit.',
    change: {
      client: 'Wait as `Retry-After` says.',
      operator:
        'Set `TRUSTED_PROXIES` if all clients appear to have one address; otherwise raise the limit in `RATE_LIMITS`.',
    },
    show: 'gatehouse config print',
  },
  'sign-ins-busy': {
    error: 'temporarily_unavailable',
    says: ['too many people are signing in right now, try again'],
    logs: ['password hash queue: {}'],
    means: 'More sign-ins arrive than the machine can hash passwords for.',
    change: { person: 'Try again in a minute.', operator: 'Check who tries many passwords; add processor cores.' },
    show: 'gatehouse audit list --event sign_in.failed',
  },
  'server-unavailable': {
    error: 'temporarily_unavailable',
    says: ['the server cannot answer right now, try again'],
    means:
      'The database does not answer, is read-only, or its clock differs. The server answers 503 so that clients keep their tokens.',
    change: { client: 'Repeat the request after `Retry-After`.', operator: 'Check the database.' },
    show: 'gatehouse doctor --local',
  },
  'server-failed': {
    error: 'server_error',
    says: ['the server met an unexpected condition', 'oops! something went wrong', 'something went wrong'],
    means: 'The server has a fault. The log line `request failed` with the same `requestId` has the cause.',
    change: { operator: 'Read that line, and report it.' },
  },
  'forwarding-loop': {
    error: 'server_error',
    says: ['the request was forwarded in a loop'],
    means: 'The MCP server forwards a request to the issuer, and the request returns to the MCP server.',
    change: { operator: 'Set `ISSUER_INTERNAL_URL` to the authorization server itself.' },
    show: 'gatehouse config print',
  },
  'cors-origin-refused': {
    error: 'invalid_request',
    says: ['origin {} not allowed for client: {}'],
    means: 'A page of this origin may not use this client.',
    change: { client: 'Call from another origin.' },
  },
} satisfies Problems
