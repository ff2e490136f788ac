/**
 * What the two open systems that gave this project its idea do, capability by capability, and what proves that we do it: S for
 * SelfMemory (0.9.6), E for the EpicMe journal of the MCP authorization workshop. The products O and M are in `founding-products.ts`.
 */
import { ours, outOfScope, type Requirement } from './requirement.js'

const bearer = 'resource-server/bearer.test.ts'
const guard = 'mcp-host/authorization.test.ts'
const front = 'issuer-front/issuer-front.test.ts'
const guards = 'resource-server/guards.test.ts'
const http = 'mcp-host/http.test.ts'
const metadata = 'resource-server/metadata.test.ts'
const mirror = 'journeys/issuer-mirror.test.ts'
const operations = 'resource-server/operations.test.ts'
const trusted = 'resource-server/trusted-servers.test.ts'
const verifier = 'resource-server/verifier.test.ts'
const decisions = 'journeys/decisions.test.ts'
const tools = 'mcp-host/notes-tools.test.ts'

export const selfMemoryRequirements: readonly Requirement[] = [
  ours('S1', 'Resource metadata at the root of the origin, and path-inserted', 'SelfMemory', [
    http,
    'at %s names the URL ending in %s, which its clients use',
  ]),
  ours('S2', 'Signing algorithms, documentation and the like in one and the same document', 'SelfMemory', [
    metadata,
    'has every member of the specification as a setting, and revocation and introspection besides',
  ]),
  ours(
    'S3',
    'Authorization server metadata on the resource’s origin, with the true issuer, or with a front that is one itself',
    'SelfMemory',
    [mirror, '%s is the issuer’s own document, with its true issuer and endpoints'],
    [front, 'who it is, correctly: %s'],
  ),
  ours(
    'S4',
    'Registration for an authorization server that has none, from settings and never from a header',
    'SelfMemory',
    [front, 'gets from the bare URL to a tool call, a step-up and a refresh, checking the issuer all the way'],
  ),
  ours(
    'S5',
    'Registrations cleaned of null, empty and foreign members, under rules and limits, also in front of others',
    'SelfMemory',
    [
      'issuer-front/front-refusals.test.ts',
      'takes what real clients send beside it: empty and null members, odd links, contacts that are none',
    ],
    [
      'authorization-server/registration.test.ts',
      'treats null and empty members as left out, the way to authenticate among them',
    ],
    [
      'authorization-server/registration-modes.test.ts',
      'lets one address register so often an hour, then answers 429 in JSON and says when to come back',
    ],
  ),
  ours('S6', 'Scopes and audience filled in for clients that name none, no more than the baseline', 'SelfMemory', [
    decisions,
    'serves a client that names no scope and no resource: what the challenge says, on the one resource',
  ]),
  ours(
    'S7',
    'CORS for every origin, the challenge readable by pages',
    'SelfMemory',
    [http, 'lets pages read the challenge of a 401'],
    [http, 'answers the preflight of %s without a token'],
  ),
  ours('S8', 'The endpoint with and without a slash at its end, without a redirect', 'SelfMemory', [
    guard,
    'serves the endpoint with a slash at its end alike',
  ]),
  ours(
    'S9',
    'Hosts and origins on a list, against DNS rebinding',
    'SelfMemory',
    [http, 'refuses a Host it does not answer for'],
    [http, 'refuses the origin %s with 403'],
    [guards, 'does not answer for another host'],
  ),
  ours(
    'S10',
    'The protocol revision of a request is checked, all current ones served',
    'SelfMemory',
    ['conformance/official/mcp-server.test.ts', 'server-stateless'],
    [guards, 'meets %s: %j with %i'],
  ),
  ours(
    'S11',
    'Opaque tokens, JWTs and, if enabled, API keys at one endpoint',
    'SelfMemory',
    [trusted, 'chooses by shape, and never asks about a JWT'],
    ['journeys/api-keys.test.ts', 'do what their scopes allow, as the account they name, until they are removed'],
  ),
  ours(
    'S12',
    'Verified tokens remembered by hash, bounded, never past their end, revocation noticed',
    'SelfMemory',
    ['resource-server/token-cache.test.ts', 'forgets a token at its exp'],
    ['resource-server/token-cache.test.ts', 'keeps the most recently used tokens when it is full'],
    ['resource-server/token-cache.test.ts', 'asks again after the greatest age, for introspection'],
    [
      'system/revocation.test.ts',
      'is felt at two resource servers within two seconds, over a restart of the authorization server',
    ],
  ),
  ours('S13', 'The audience compared exactly, with spellings that are listed', 'SelfMemory', [
    verifier,
    'takes the audience in each spelling that is listed, and in no other',
  ]),
  ours('S14', 'Claims of one’s own demanded, a tenant for example', 'SelfMemory', [
    verifier,
    'asks a check of its own, after all others, and tells its reason to the log only',
  ]),
  ours(
    'S15',
    'Challenges with realm, metadata and error; no error before a token was sent',
    'SelfMemory',
    [bearer, 'asks for a token, without an error code, when the header is %p (§3.1)'],
    [bearer, 'names a realm when there is one, and leaves the metadata out of a 401 when told: %s'],
  ),
  ours(
    'S16',
    'Scopes for each tool, all or any of them, answered with a real 403',
    'SelfMemory',
    ['mcp-host/operations.test.ts', '%s of %j with "%s" is a 403 that asks for "%s", and runs nothing'],
    [guard, '%s with scope "%s" is 403 and asks for "%s"'],
  ),
  ours('S17', 'Tools annotated as reading, writing or destructive', 'SelfMemory', [
    tools,
    'lists the tools with their annotations',
  ]),
  ours(
    'S18',
    'Traces and telemetry',
    'SelfMemory',
    [
      'telemetry/sight.test.ts',
      'is a span for each request, with its statements and fetches, in the trace that its client began',
    ],
    ['telemetry/tracing.test.ts', 'is sent as protobuf by default, under the name the operator gave'],
  ),
  ours('S19', 'Settings checked at start, every mistake at once', 'SelfMemory', [
    'config/config.test.ts',
    'are reported all at once',
  ]),
  ours('S20', 'Consent in words, with the default scopes for a client that names none', 'SelfMemory', [
    decisions,
    'is told who asks, for which resource, where the answer goes, and as whom',
  ]),
  ours('S21', 'Earlier consent remembered, by client and resource, and never given silently', 'SelfMemory', [
    'storage/stores.test.ts',
    'are remembered per resource, added to, taken back, and forgotten when the client changes',
  ]),
  ours('S22', 'Sign-in and sessions, without a further service', 'SelfMemory', [
    decisions,
    'signs in once: the next authorization of the same browser meets no sign-in page',
  ]),
  outOfScope(
    'S23',
    'OURS',
    'Organisations, projects, invitations, billing of a platform',
    'SelfMemory',
    'A product of its own on top of an authorization server; accounts here are people who may sign in.',
  ),
]

export const epicMeRequirements: readonly Requirement[] = [
  ours('E1', 'Well-known documents readable and preflighted from any origin', 'MCP auth workshop', [
    http,
    'answers the preflight of %s without a token',
  ]),
  ours(
    'E2',
    'The authorization server’s metadata on the resource’s origin for the first revision’s clients',
    'MCP auth workshop',
    [mirror, 'a client of 2025-03-26 %s'],
  ),
  ours('E3', 'Path-inserted resource metadata with scopes', 'MCP auth workshop', [
    http,
    'at %s names the URL ending in %s, which its clients use',
  ]),
  ours(
    'E4',
    'A 401 that names metadata and scopes, every value quoted and none able to break the header',
    'MCP auth workshop',
    [bearer, 'no value can break the header or add to it'],
  ),
  ours(
    'E5',
    'Introspection with the server’s own authentication, audience checked, cached for seconds',
    'MCP auth workshop',
    [
      'resource-server/introspection.test.ts',
      'sends the token in the body and its own credentials form-encoded (RFC 6749 §2.3.1)',
    ],
    [
      'resource-server/introspection.test.ts',
      'signs an assertion with its key, a new one for each request: %s (RFC 7523)',
    ],
    [
      'authorization-server/introspection.test.ts',
      'tells the library, found by the issuer alone, which shows who it is by %s',
    ],
  ),
  ours('E6', 'Data belongs to the person that the token names', 'MCP auth workshop', [
    tools,
    'hides every note of another person, its existence too',
  ]),
  ours('E7', 'All-of scopes, and any of several combinations', 'MCP auth workshop', [
    operations,
    'are told in words where several combinations would do, and never in words of the client',
  ]),
  ours(
    'E8',
    'A 403 that says which scopes would do, in words and as a scope parameter',
    'MCP auth workshop',
    [operations, 'are told in words where several combinations would do, and never in words of the client'],
    [bearer, 'names what the operation needs and what is granted, so that nothing is lost by asking'],
  ),
  ours(
    'E9',
    'Tools, resources and prompts that a token lacks scopes for are hidden or challenged',
    'MCP auth workshop',
    ['mcp-host/operations.test.ts', '%s of the hidden %j is answered as that of %j'],
    ['mcp-host/operations.test.ts', '%s shows what the token may know of'],
    [operations, 'leave out what is hidden, keep what is challenged, and become private'],
  ),
  ours('E10', 'A tool that says who one is', 'MCP auth workshop', [tools, 'says who the token acts for']),
  ours('E11', 'Consent with a checkbox for each scope, behind a real sign-in', 'MCP auth workshop', [
    decisions,
    'unticks a scope: it is not granted, does not loop, and is offered again the next time',
  ]),
  ours('E12', 'Health checks; no route that approves by itself', 'MCP auth workshop', [
    'http/http.test.ts',
    'is live whatever the database does, and ready only when it answers',
  ]),
  ours('E13', 'Scopes for reading and writing, one including the other', 'MCP auth workshop', [
    guard,
    'lets writing include reading, but not deleting',
  ]),
  ours(
    'E14',
    'The resource that a client names is kept: one token, one audience, whatever the spelling',
    'MCP auth workshop',
    [
      'journeys/resource-aliases.test.ts',
      'may name that URL as the resource: the token carries the canonical one, and works',
    ],
  ),
  ours(
    'E15',
    'Lessons that are checked: journeys from a bare URL to a tool call, and the examples of the manual',
    'MCP auth workshop',
    ['journeys/mcp-journey.test.ts', 'from a bare MCP URL to a tool call (%s)'],
    ['journeys/library-examples.test.ts', '%s is what the manual shows (npm run docs)'],
  ),
]
