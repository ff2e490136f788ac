/** What clients do to us: the specification’s rules for them, as seen from here, and what those in the field need besides. */
import { must, ours, type Requirement, should } from './requirement.js'

const v2 = 'clients/sdk-v2.test.ts'
const v1 = 'clients/sdk-v1.test.ts'
const journey = 'journeys/mcp-journey.test.ts'
const refresh = 'authorization-server/refresh.test.ts'
const registration = 'authorization-server/registration.test.ts'
const registers = [registration, 'registers %s'] as const
const request = 'authorization-server/authorization-request.test.ts'
const documents = 'authorization-server/metadata-documents.test.ts'
const matrix = ['clients/compatibility.test.ts', '%s: %s'] as const
const authorization = 'MCP 2026-07-28 authorization'

const bySpecification: readonly Requirement[] = [
  should(
    'C1',
    'Clients are pre-registered, bring a metadata document, or register: each way leads to a token',
    `${authorization}, client registration`,
    ['cli/clients.test.ts', 'adds a public client, shows it and removes it'],
    [documents, 'make a client that nobody registered, on any loopback port, verified by its host'],
    registers,
  ),
  must(
    'C2',
    'Clients key their registration by issuer: ours never changes by how it is reached',
    `${authorization}, server binding`,
    ['authorization-server/metadata.test.ts', 'is not poisoned by a strange host in the first request'],
    ['platform/http.test.ts', 'is the configured one whatever comes along: %j'],
  ),
  must(
    'C3',
    'Clients send PKCE S256 and resource, always; a request without PKCE is refused',
    `${authorization}, code protection`,
    [request, '%s'],
  ),
  must(
    'C4',
    'Clients compare iss, in errors too',
    'RFC 9207 §2.4',
    [request, '%s'],
    [journey, 'signs in, consents to reading, and comes back with a code, the state and the issuer'],
  ),
  should(
    'C5',
    'Clients ask for the challenged scopes, else for all advertised ones, else for none: each gives a useful token',
    `${authorization}, scope selection`,
    [v2, 'registers, signs in, consents to reading only, and connects'],
    [request, 'is the default scope of the default resource when it says nothing'],
  ),
  should(
    'C6',
    'Clients step up with the union of scopes, and come to an end',
    `${authorization}, step-up`,
    [v2, 'steps up to writing by itself'],
    ['journeys/step-up.test.ts', 'goes through two rounds of step-up, a refusal among them, and never loops'],
  ),
  should(
    'C7',
    'Clients may add offline_access and should register refresh_token',
    'SEP-2207',
    ['journeys/openid-connect.test.ts', 'refreshes'],
    [v2, 'comes back later with a spoiled access token and refreshes without a person'],
  ),
  must(
    'C8',
    'Clients look for resource metadata at the challenged URL, path-inserted, then at the root',
    'RFC 9728 §3.1',
    ['mcp-server/http.test.ts', 'is at %s'],
    [journey, 'finds the authorization server from the challenge of the 401'],
  ),
  ours(
    'C9',
    'The SDK sends resource verbatim, refreshes without scope, sends prompt=consent, and discovers with a preflight',
    '@modelcontextprotocol/client 2.4.0',
    [v2, 'lists the tools and calls one that reads'],
    ['mcp-server/http.test.ts', 'answers the preflight of %s without a token'],
  ),
]

const inTheField: readonly Requirement[] = [
  ours(
    'F1',
    'A request without scope is granted the default one',
    'official conformance suite, clients of 2025-03-26',
    [request, 'is the default scope of the default resource when it says nothing'],
    ['conformance/official/authorization-server.test.ts', '%s'],
  ),
  ours('F2', 'A registered scope is never a ceiling', 'SDKs register the scopes of the first challenge', registers, [
    v1,
    'steps up to writing and keeps reading, because the challenge names both',
  ]),
  ours('F3', 'Refresh tokens come without offline_access', 'SDK 1.x sends none', [
    v1,
    'refreshes by itself, and ends with a clear error, when it lacks a scope but holds a refresh token',
  ]),
  ours('F4', 'Any port of a loopback redirect, also without application_type', 'Claude Code, VS Code', registers, [
    documents,
    'make a client that nobody registered, on any loopback port, verified by its host',
  ]),
  ours('F5', 'Three kinds of redirect in one registration, cursor:// among them', 'Cursor', registers, matrix),
  ours('F6a', 'Registrations that nobody uses go away, those in use never', 'Claude Code registers at each sign-in', [
    'authorization-server/removed-client.test.ts',
    'is removed by the sweeper only when nobody allowed it: the others go on',
  ]),
  ours(
    'F6b',
    'A removed registration is invalid_client at the token endpoint, and a page that helps at the other',
    'SDKs register again on invalid_client',
    [
      'authorization-server/removed-client.test.ts',
      'gets invalid_client at the token endpoint (RFC 6749 §5.2), with a refresh token and with a code',
    ],
    [
      'authorization-server/removed-client.test.ts',
      'leads people to a page that says what to do, and never on to the program (RFC 6749 §4.1.2.1)',
    ],
  ),
  ours(
    'F7',
    'A useful first challenge; a refresh never narrows for good',
    'typescript-sdk#2255',
    [refresh, 'narrow an access token and keep the full scope for later'],
    [
      'mcp-server/notes-resource.test.ts',
      'asks for nothing destructive at the first sign-in, and never for offline_access',
    ],
  ),
  ours(
    'F8',
    'The resource survives refresh, in any spelling, or left out; one canonical aud',
    'mcp-remote, trailing slashes',
    [refresh, 'take any spelling of the resource'],
    [request, 'gives %s the one canonical audience'],
  ),
  ours('F9', 'The document’s resource is the MCP URL, exactly', 'clients match it to what the user typed', [
    'mcp-server/http.test.ts',
    'is at %s',
  ]),
  ours('F10', 'Metadata documents need a name and a path, and no shared secret', 'oidc-provider leaves it to us', [
    documents,
    'that %s make no client',
  ]),
  ours(
    'F11',
    'An issuer with a path is found under all three names clients try',
    'RFC 8414 §3.1, SDK discovery',
    ['oauth/well-known.test.ts', 'has three names for an issuer with a path, path-inserted first'],
    ['resource-server/discovery.test.ts', 'finds the document of an issuer with a path at %s'],
  ),
  ours('F12', 'Metadata names code alone, no implicit grant, and private_key_jwt', 'oidc-provider’s defaults', [
    'authorization-server/metadata.test.ts',
    'says what works, and nothing else',
  ]),
  ours('F13', 'Streams end with the token that opened them', 'the specification is silent', [
    'mcp-server/event-stream.test.ts',
    'end when the token that opened them expires',
  ]),
  ours(
    'F14',
    'Every failed validation is 401, every outage of the issuer 503: clients refresh on one and keep the token on the other',
    'SDK error handling',
    ['resource-server/bearer.test.ts', 'answers an outage with 503 and no challenge, so that clients keep their token'],
    ['mcp-server/authorization.test.ts', 'answers 503 with Retry-After and never opens'],
  ),
  ours(
    'F15',
    'A client of 2025-11-25 that forms no union loses nothing: the 403 repeats what is granted',
    'MCP 2025-11-25, scope challenge',
    [
      'resource-server/bearer.test.ts',
      'names what the operation needs and what is granted, so that nothing is lost by asking',
    ],
    [v1, 'steps up to deleting and keeps the rest'],
  ),
  ours('F16', 'Clients that send neither resource nor scope reach the one resource', 'MCP 2025-03-26', [
    'journeys/decisions.test.ts',
    'serves a client that names no scope and no resource: reading, on the one resource',
  ]),
  ours(
    'F17',
    'Twenty refreshes of one token at once leave a working client and one family',
    'Claude Code, Cursor',
    [refresh, 'answer twenty at once with one and the same successor'],
    [
      'system/races.test.ts',
      'a refresh token has one successor, which every racer gets, and which lives on (RFC 9700 §4.14.2)',
    ],
  ),
]

export const clientRequirements: readonly Requirement[] = [...bySpecification, ...inTheField]
