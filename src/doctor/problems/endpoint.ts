/** Problems of the MCP endpoint itself. */
import type { ProblemKind } from '../problem-kind.js'

export const endpointProblemKinds = {
  'endpoint-open': {
    severity: 'failure',
    title: 'the MCP endpoint serves anybody',
    clients:
      'None asks for a token: clients start to sign in only when they are answered 401. Everybody on the network may call it.',
    fix: 'Verify the access token before anything else, and answer 401 with a challenge when there is none.',
  },
  'endpoint-redirects': {
    severity: 'failure',
    title: 'the MCP endpoint redirects',
    clients:
      'Clients on the TypeScript SDK refuse redirects to another origin; many others lose the POST body or the token on the way.',
    fix: 'Give out the final URL. If it is only the slash at the end or http, let the server or proxy take both spellings without a redirect.',
  },
  'endpoint-not-found': {
    severity: 'failure',
    title: 'nothing takes a POST at this URL',
    clients: 'Every client: this is the first request of all of them.',
    fix: 'Check the path of the MCP URL, and that the proxy passes it and the method POST on unchanged.',
  },
  'endpoint-wrong-host': {
    severity: 'failure',
    title: 'the server does not answer for this host',
    clients: 'Every client.',
    fix: 'Let the proxy pass on the Host header as it came, and set the public URL of the server (Gatehouse: RESOURCE_URL) to the one in use.',
  },
  'endpoint-server-error': {
    severity: 'failure',
    title: 'the MCP endpoint fails without a token',
    clients: 'Every client: an error of the server is no reason to sign in.',
    fix: "Look into the server's log. If it is 502 to 504, the proxy does not reach the server.",
  },
  'endpoint-refuses-oddly': {
    severity: 'failure',
    title: 'a missing token is refused, but not with 401',
    clients:
      'Every client: only 401 makes it look for an authorization server. 403 means that it is signed in and may not.',
    fix: "Answer 401 with WWW-Authenticate. If the answer is not the server's own, a firewall or the proxy gave it.",
  },
  'challenge-missing': {
    severity: 'failure',
    title: 'the 401 carries no challenge',
    clients:
      'Clients of revision 2025-06-18 know only the challenge; the others guess where the metadata is, and none learns which scopes to ask for.',
    fix: 'Send WWW-Authenticate: Bearer resource_metadata="…", scope="…" with every 401 (RFC 9728 §5.1), and let the proxy pass it on.',
  },
  'challenge-not-bearer': {
    severity: 'failure',
    title: 'the challenge is not for bearer tokens',
    clients: 'Every client: it finds no Bearer challenge. Basic makes browsers ask for a password.',
    fix: 'Send WWW-Authenticate: Bearer resource_metadata="…". If it is Basic, the proxy protects the same path: take that away.',
  },
  'challenge-dpop-only': {
    severity: 'warning',
    title: 'only tokens bound to a key are taken (DPoP)',
    clients: 'Nearly all: of the known clients only those on the TypeScript SDK from 2.4 can, when they are told to.',
    fix: 'If that is not what you want, send a Bearer challenge too and take bearer tokens (Gatehouse: DPOP_REQUIRED=false).',
  },
  'challenge-without-metadata': {
    severity: 'warning',
    title: 'the challenge does not say where the metadata is',
    clients: 'Clients of revision 2025-06-18 rely on it; the others have to guess.',
    fix: 'Add resource_metadata="…" with the URL of the protected resource metadata (RFC 9728 §5.1).',
  },
  'challenge-metadata-not-url': {
    severity: 'failure',
    title: 'resource_metadata is no absolute URL',
    clients: 'Every client that goes by the challenge, the SDKs among them: they cannot fetch it.',
    fix: 'Write the whole URL, scheme and host included, in quotation marks.',
  },
  'challenge-with-error': {
    severity: 'warning',
    title: 'the challenge names an error although no token was sent',
    clients: 'Clients that keep several accounts may throw away a good token. RFC 6750 §3.1 wants no error code here.',
    fix: 'Leave "error" out when the request had no token.',
  },
  'challenge-without-scope': {
    severity: 'warning',
    title: 'the challenge names no scope',
    clients:
      'Clients ask for everything in scopes_supported instead, or for nothing; people then consent to too much or tools fail.',
    fix: 'Add scope="…" with what a first use needs.',
  },
  'challenge-offline-access': {
    severity: 'warning',
    title: 'the challenge asks for offline_access',
    clients: 'Clients that do not want a refresh token are made to ask for one; it is no scope of the resource.',
    fix: "Take offline_access out of the challenge; it belongs into the authorization server's scopes_supported.",
  },
  'bad-token-accepted': {
    severity: 'failure',
    title: 'a made-up token is accepted',
    clients: 'Every client works, and so does every attacker.',
    fix: 'Verify signature, issuer, audience and expiry of each token, or introspect it.',
  },
  'bad-token-server-error': {
    severity: 'failure',
    title: 'a token that is not valid makes the server fail',
    clients:
      'Every client: it refreshes only when it is answered 401, so it breaks for good when its first token expires.',
    fix: 'Answer 401 with error="invalid_token" whatever is wrong with the token. Keep 5xx for keys that cannot be fetched.',
  },
  'bad-token-wrong-status': {
    severity: 'failure',
    title: 'a token that is not valid is not answered 401',
    clients: 'Every client: it neither refreshes nor signs in again when its token expires.',
    fix: 'Answer 401 with error="invalid_token"; 403 is for a good token that lacks a scope.',
  },
  'bad-token-without-error': {
    severity: 'warning',
    title: 'the 401 for a bad token does not say invalid_token',
    clients:
      'Clients cannot tell an expired token from one that was lost on the way (a proxy that drops Authorization looks the same).',
    fix: 'Add error="invalid_token" to the challenge. If it is there in the code, check that the proxy passes Authorization on.',
  },
  'stream-open': {
    severity: 'failure',
    title: 'GET opens an event stream without a token',
    clients: 'Every client of the 2025 revisions opens it; so can anybody else, and read what the server sends.',
    fix: 'Put the same token check before GET as before POST.',
  },
  'method-answered-oddly': {
    severity: 'warning',
    title: 'GET or DELETE is answered neither 401 nor 405',
    clients:
      'Clients of the 2025 revisions open a stream by GET and end by DELETE; the TypeScript SDK takes anything but 401 and 405 for a failure.',
    fix: 'Answer 401 without a token, or 405 when the method is not offered, also in the proxy.',
  },
  'program-blocked': {
    severity: 'failure',
    title: 'a known client is turned away by the name it gives',
    clients:
      'The one named: a rule against robots or against empty User-Agent headers stops it before the server sees it.',
    fix: 'Exempt the MCP path, /.well-known/ and the OAuth endpoints from such rules in the firewall or CDN ("block AI bots").',
  },
} as const satisfies Readonly<Record<string, ProblemKind>>
