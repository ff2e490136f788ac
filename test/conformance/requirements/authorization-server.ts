/** What MCP (2025-03-26 to 2026-07-28) and the OAuth specifications it cites ask of an authorization server. */
import { may, must, outOfScope, type Requirement, should } from './requirement.js'

const request = 'authorization-server/authorization-request.test.ts'
const code = 'authorization-server/code.test.ts'
const refresh = 'authorization-server/refresh.test.ts'
const metadata = 'authorization-server/metadata.test.ts'
const registration = 'authorization-server/registration.test.ts'
const refusals = 'authorization-server/registration-refusals.test.ts'
const documents = 'authorization-server/metadata-documents.test.ts'
const consent = 'authorization-server/consent.test.ts'
const decisions = 'journeys/decisions.test.ts'
const fetching = 'outbound/untrusted-fetch.test.ts'

const authorization = 'MCP 2026-07-28 authorization'

const core: readonly Requirement[] = [
  must(
    'A1a',
    'Serve public clients safely: PKCE, single-use codes',
    'OAuth 2.1 §4.1, §7.5',
    [code, 'become a token pair, once, that nobody caches'],
    [code, 'used again are refused, and take what was issued with them (RFC 9700 §4.2.4)'],
  ),
  must('A1b', 'Authenticate confidential clients', 'OAuth 2.1 §2.4', [
    'authorization-server/client-credentials.test.ts',
    'are refused with %s',
  ]),
  must(
    'A1c',
    'Demand PKCE with S256 from every client',
    'OAuth 2.1 §4.1.1, §7.5.2',
    [request, '%s'],
    [code, 'survive %s'],
  ),
  must('A2', 'Publish RFC 8414 metadata or OpenID Connect Discovery', `${authorization}, server metadata discovery`, [
    metadata,
    'is the same bytes under both names, and under the name browsers try for OpenID',
  ]),
  must('A3', 'Name code_challenge_methods_supported in the discovery document', `${authorization}, code protection`, [
    metadata,
    'says what works, and nothing else',
  ]),
  must(
    'A4',
    'Name the issuer exactly as the URL of the document was built from',
    'RFC 8414 §3.3',
    [metadata, 'names the issuer byte for byte, and only endpoints under it'],
    [metadata, 'is not poisoned by a strange host in the first request'],
  ),
  must(
    'A5a',
    'Be found at the well-known URLs in the order clients try them',
    `${authorization}, server metadata discovery`,
    ['oauth/well-known.test.ts', 'has two names for an issuer without a path'],
    ['oauth/well-known.test.ts', 'has three names for an issuer with a path, path-inserted first'],
  ),
  must(
    'A5b',
    'Answer 404, no server error, at well-known URLs that are not served',
    'RFC 8414 §3.2',
    [metadata, 'is not found under other names'],
    ['mcp-host/http.test.ts', 'answers 404 with JSON at %s'],
  ),
  must('A6a', 'Serve every endpoint over HTTPS (loopback excepted)', `${authorization}, communication security`, [
    'config/config.test.ts',
    '%s refuses %j, and says so by name',
  ]),
  must(
    'A6b',
    'Take only HTTPS or loopback redirect URIs (and private-use ones the operator lists)',
    `${authorization}, communication security`,
    [refusals, 'redirect_uri %j, alone; beside a good one it is left out'],
  ),
  should(
    'A7a',
    'Send iss in every authorization response, errors too',
    'RFC 9207 §2',
    [request, '%s'],
    [
      'journeys/mcp-journey.test.ts',
      'signs in, consents to reading, and comes back with a code, the state and the issuer',
    ],
  ),
  must('A7b', 'Announce iss in the metadata when it is sent', 'RFC 9207 §3', [
    metadata,
    'says what works, and nothing else',
  ]),
  must(
    'A8a',
    'Compare redirect URIs exactly; only the port of a loopback one is free',
    'OAuth 2.1 §4.1.1, RFC 8252 §7.3',
    [request, '%s gets a page'],
    [registration, 'keeps to the path, host and query of a loopback redirect; only its port is free (RFC 8252 §7.3)'],
  ),
  must('A8b', 'Be no open redirector', 'OAuth 2.1 §7.12.2', [
    decisions,
    'meets an unknown client or a foreign redirect URI with a page, never with a redirect',
  ]),
  should(
    'A8c',
    'Redirect by itself only to trusted URIs, else let the person decide',
    'OAuth 2.1 §7.12.2',
    [consent, 'is asked of a client on this computer every time (RFC 8252 §8.6)'],
    [
      'authorization-server/open-redirect-guard.test.ts',
      'is a page that says whose site it is; from there the client gets its answer',
    ],
    [consent, 'is not given silently: prompt=none never yields a code for a client on this computer'],
  ),
  should('A9a', 'Issue short-lived access tokens', `${authorization}, token theft`, [
    code,
    'become an access token by RFC 9068',
  ]),
  must(
    'A9b',
    'Rotate the refresh tokens of public clients',
    'OAuth 2.1 §4.3.1',
    [refresh, 'rotate at every use, and keep audience, scope and person'],
    [refresh, 'used again after the grace are taken for stolen: the whole family ends, and the audit trail says so'],
  ),
  must(
    'A10',
    'Bind tokens to the resource that was named',
    'RFC 8707 §2',
    [request, 'gives %s the one canonical audience'],
    [refresh, 'take any spelling of the resource'],
  ),
  must('A10b', 'Refuse a resource it does not know', 'RFC 8707 §2', [request, '%s']),
  may('A11', 'Name offline_access in scopes_supported; issue refresh tokens by grant type', 'SEP-2207', [
    metadata,
    'says what works, and nothing else',
  ]),
  may('A12a', 'Grant less than was asked', 'RFC 6749 §3.3', [code, 'keep the narrower scope that the person allowed']),
  outOfScope(
    'A12b',
    'SHOULD',
    'Normalise scopes that include one another when issuing',
    `${authorization}, scope challenge`,
    'A token names every permission the person ticked, so that each can be taken back by itself; the resource server covers hierarchies.',
  ),
]

const documentsRows: readonly Requirement[] = [
  should(
    'A13',
    'Support client ID metadata documents, and announce it',
    `${authorization}, client registration`,
    [documents, 'make a client that nobody registered, on any loopback port, and say whose host it names'],
    [metadata, 'says what works, and nothing else'],
  ),
  should('A14a', 'Fetch the document when client_id is a URL', 'CIMD §4', [
    documents,
    'make a client that nobody registered, on any loopback port, and say whose host it names',
  ]),
  must('A14b', 'Check that the document names its own URL, is JSON and has the required members', 'CIMD §4.1', [
    documents,
    'that %s make no client',
  ]),
  must('A14c', 'Check the redirect URI of the request against the document', 'CIMD §4.2', [
    documents,
    'are good for the redirects they list',
  ]),
  should(
    'A15',
    'Keep documents as HTTP allows',
    'CIMD §4.4, RFC 9111',
    ['authorization-server/client-documents.test.ts', 'as long as its host says, then asked for by its entity tag'],
    [documents, 'are fetched once by many that ask at the same time'],
  ),
  must(
    'A16a',
    'Fetch no address that is not public, whatever its spelling',
    'CIMD §6.5, RFC 6890',
    [fetching, '%s is refused before anything is dialled'],
    [fetching, 'refuses a name that leads to %s, also for who may reach loopback'],
  ),
  must('A16b', 'Withstand DNS rebinding', 'CIMD §6.5', [
    fetching,
    'dials only the address it has checked, when a name changes its mind (DNS rebinding)',
  ]),
  must('A16c', 'Follow no redirect', 'CIMD §6.5', [fetching, 'does not follow a redirect (%i)']),
  must(
    'A16d',
    'Limit size and time',
    'CIMD §6.6',
    [fetching, 'refuses an answer that is too large, announced or not'],
    [fetching, 'gives up on a host that %s, in the one time allowed'],
  ),
  must('A16e', 'Tell strangers nothing about what can be reached from here', 'CIMD §6.5', [
    documents,
    'tell a stranger nothing about what can be reached from here (CVE-2026-1180)',
  ]),
  must('A17a', 'Show the host of the redirect URI on the consent page', `${authorization}, localhost redirect risks`, [
    consent,
    'says where the answer goes',
  ]),
  should('A17b', 'Warn when every redirect URI is on this computer', `${authorization}, localhost redirect risks`, [
    'views.test.ts',
    'warns when every redirect is on this computer, and when a name resembles a known product',
  ]),
  may('A18', 'Show prominently which host vouches for the client', `${authorization}, trust policies`, [
    documents,
    'make a client that nobody registered, on any loopback port, and say whose host it names',
  ]),
]

const registrationRows: readonly Requirement[] = [
  should(
    'A19',
    'Support dynamic registration (a MAY since 2025-11-25, deprecated since 2026-07-28)',
    'MCP 2025-06-18 authorization, RFC 7591',
    [registration, 'registers %s'],
  ),
  must(
    'A19b',
    'Refuse metadata that breaks the rules with the registered error codes',
    'RFC 7591 §3.2.2',
    [refusals, '%s'],
    ['authorization-server/client-configuration.test.ts', 'keeps to the same rules as registration: %s'],
  ),
  should('A19c', 'Limit registration, which is open to anybody', 'MCP security best practices; RFC 7591 §5', [
    'authorization-server/registration-modes.test.ts',
    'lets one address register so often an hour, then answers 429 in JSON and says when to come back',
  ]),
  may(
    'A20',
    'Check redirect URIs by application_type; cope with clients that leave it out',
    'OpenID Connect Registration §2',
    [registration, 'registers %s'],
  ),
]

const consentRows: readonly Requirement[] = [
  must(
    'A21',
    'Keep consent by person and client, on the server',
    'MCP security best practices, confused deputy',
    [consent, 'is asked of another client of the same name, as for the first time (confused deputy)'],
    [consent, 'of one person is not another one’s'],
  ),
  must('A22a', 'Show the client’s name, the scopes and the redirect URI', 'MCP security best practices, consent page', [
    decisions,
    'is told who asks, for which resource, where the answer goes, and as whom',
  ]),
  must('A22b', 'Protect consent against forged forms', 'MCP security best practices, consent page', [
    decisions,
    'is not fooled by a form from elsewhere: without its token, a decision counts for nothing',
  ]),
  must('A22c', 'Forbid framing', 'MCP security best practices, consent page', [
    'authorization-server/pages-headers.test.ts',
    'forbid framing, sniffing, referrers, caching and scripts',
  ]),
  must('A23', 'Mark cookies __Host-, Secure, HttpOnly and SameSite', 'MCP security best practices, cookies', [
    'authorization-server/traces.test.ts',
    'are for this host alone, out of reach for scripts, and not sent along from elsewhere',
  ]),
  outOfScope(
    'A24',
    'MUST',
    'Store the upstream state only after consent, random, single use, short-lived',
    'MCP security best practices, state',
    'A MUST for proxies that send people on to another authorization server. People sign in here, so there is no upstream state; the state of clients comes back as it was sent (A7a).',
  ),
]

export const authorizationServerRequirements = [...core, ...documentsRows, ...registrationRows, ...consentRows]
