/**
 * What the two products that gave this project its idea do, capability by capability: O for the OpenEdge MCP server (12.8/13.0), M for
 * the mcp-auth library (0.2.0). The open systems S and E are in `founding-systems.ts`.
 */
import { ours, outOfScope, type Requirement } from './requirement.js'

const bearer = 'resource-server/bearer.test.ts'
const guard = 'mcp-host/authorization.test.ts'
const discovery = 'resource-server/discovery.test.ts'
const guards = 'resource-server/guards.test.ts'
const http = 'mcp-host/http.test.ts'
const keySet = 'resource-server/key-set.test.ts'
const metadata = 'resource-server/metadata.test.ts'
const operations = 'resource-server/operations.test.ts'
const serverMetadata = 'resource-server/server-metadata.test.ts'
const trusted = 'resource-server/trusted-servers.test.ts'
const verifier = 'resource-server/verifier.test.ts'
const tools = 'mcp-host/notes-tools.test.ts'

const adapters = 'resource-server/adapters.test.ts'
const door = 'resource-server/resource-server.test.ts'

const allMembers = 'has every member of the specification as a setting, and revocation and introspection besides'

export const openEdgeRequirements: readonly Requirement[] = [
  ours(
    'O1',
    'Tokens verified by fetched or known keys; algorithms, audience and key renewal as settings',
    'OpenEdge',
    [
      'resource-server/static-keys.test.ts',
      'verify tokens without anything being fetched: PEM, with and without kid in the token',
    ],
    [verifier, 'refuses an algorithm that is not on the list'],
    [keySet, 'forgets a withdrawn key after the next renewal'],
  ),
  ours(
    'O2',
    'Several authorization servers in the metadata, and advertised scopes apart from required ones',
    'OpenEdge',
    [door, 'have a document each, with their authorization servers and all they say'],
    [metadata, allMembers],
  ),
  ours(
    'O3',
    'Tokens in a form or query, only where set, announced then',
    'OpenEdge',
    [bearer, 'are taken where the setting is on, and the answer to a query is private'],
    [bearer, 'are announced exactly when they are on'],
    [bearer, 'are 400 invalid_request when sent %s'],
  ),
  ours('O4', 'Metadata named in the 401, unless switched off', 'OpenEdge', [
    bearer,
    'names a realm when there is one, and leaves the metadata out of a 401 when told: %s',
  ]),
  ours('O5', 'Documentation, policy and terms of the resource, in several languages', 'OpenEdge', [
    metadata,
    allMembers,
  ]),
  ours('O6', 'Revocation and introspection endpoints announced', 'OpenEdge', [metadata, allMembers]),
  outOfScope(
    'O7',
    'OURS',
    'Proxy of another provider’s sign-in with one static client',
    'OpenEdge',
    'The authorization server is here: clients register with it, and no client of this server is shared elsewhere.',
  ),
  outOfScope(
    'O8',
    'OURS',
    'A second token of the user beside a service account’s, handed on',
    'OpenEdge',
    'Belongs to a gateway. Each request here carries one token that names client and user, and hands it on to nobody.',
  ),
  outOfScope(
    'O9',
    'OURS',
    'Exchange of the token for one of the backend',
    'OpenEdge',
    'Belongs to a gateway in front of other services; a resource server here is the place where data is.',
  ),
  ours('O10', 'The guard keeps the token: no handler and no service behind it sees it', 'OpenEdge', [
    'mcp-host/server-definition.test.ts',
    'sees no token, in whatever it is given',
  ]),
  ours(
    'O11',
    'Scopes by tool and a default; lists filtered by what is granted',
    'OpenEdge',
    [operations, 'leave out what is hidden, keep what is challenged, and become private'],
    [operations, 'falls back to what is said for everything else'],
  ),
  ours('O12', 'A read-only mode', 'OpenEdge', [
    'mcp-host/operations.test.ts',
    'leaves nothing but tools that change nothing in read-only mode',
  ]),
  outOfScope(
    'O13',
    'OURS',
    'TLS, mutual TLS and client authorities in the server itself',
    'OpenEdge',
    'A reverse proxy ends TLS; what proves possession of a key here is DPoP.',
  ),
  ours(
    'O14',
    'Calls limited by rate and burst, for each caller and for all, on record',
    'OpenEdge',
    [guards, 'limits how often one caller asks, tells it when to come back, and lets others through'],
    [guards, 'limits all callers together, and leaves each person a share that nobody else can use up'],
  ),
  ours(
    'O15',
    'Bodies limited, time-outs towards everybody, no hammering of a server that is down',
    'OpenEdge',
    [http, 'refuses more than 1 MiB with 413'],
    [guards, 'refuses a body that never ends, large or slow'],
    [discovery, 'asks an issuer that is down less and less often'],
  ),
  ours(
    'O16',
    'Each decision on record: who, what, why, and nothing of tokens or payloads',
    'OpenEdge',
    [guards, 'writes every decision down: who, what, why, and nothing of tokens or payloads'],
    [guard, 'says who did what, without token, subject or payload'],
  ),
  outOfScope(
    'O17',
    'OURS',
    'Tools made from an OpenAPI document',
    'OpenEdge',
    'Belongs to a gateway: the library guards tools, however they are made.',
  ),
  ours('O18', 'Signing keys rotate: the new one signs, the others go on verifying', 'OpenEdge', [
    'storage/stores.test.ts',
    'sign with the current one first, and keep the others',
  ]),
]

export const mcpAuthRequirements: readonly Requirement[] = [
  ours('M1', 'An authorization server found by its issuer, as OAuth or OpenID Connect', 'mcp-auth', [
    discovery,
    'tries the places of %s, in the order of the specification',
  ]),
  ours('M2', 'Its document at an exact URL', 'mcp-auth', [discovery, 'asks an exact URL and nothing else']),
  ours(
    'M3',
    'A wrong document repaired before it is checked',
    'mcp-auth',
    [discovery, 'believes the repaired document'],
    [discovery, 'refuses a repair that %s'],
  ),
  ours('M4', 'A document written by hand', 'mcp-auth', [
    discovery,
    'fetches nothing when the metadata is written by hand, and says at once when it cannot be used',
  ]),
  ours(
    'M5',
    'Found when first needed, and renewed: the last good copy is kept',
    'mcp-auth',
    [discovery, 'follows a document that changed, without anybody waiting'],
    [discovery, 'keeps the last good document through an outage'],
    [door, 'are told by issuer what is wrong with their metadata'],
  ),
  ours(
    'M6',
    'Documents checked, with codes for errors and warnings',
    'mcp-auth',
    [serverMetadata, 'finds the error %s in %j'],
    [serverMetadata, 'warns of %s in %j'],
  ),
  ours(
    'M7',
    'Several resources in one program, several authorization servers for each, none named twice',
    'mcp-auth',
    [door, 'take the tokens of their own authorization servers, made for them, and no others'],
    [door, 'cannot have %s'],
    [trusted, 'refuses %s and fetches nothing'],
  ),
  ours(
    'M8',
    'Resource metadata with every member of RFC 9728, each mistake named; kept, compared and read by pages',
    'mcp-auth',
    [metadata, allMembers],
    [metadata, 'are named, here "%s": %j'],
    [door, 'let documents be kept, compared and read by pages'],
  ),
  ours('M9', 'The first revision’s mode: the resource’s origin stands in for the authorization server', 'mcp-auth', [
    'journeys/issuer-mirror.test.ts',
    'registers, signs in, calls, steps up, refreshes and revokes, and never names a resource',
  ]),
  ours(
    'M10',
    'Tokens verified as JWTs, or by a function of one’s own; issuers chosen by the token',
    'mcp-auth',
    [trusted, 'says what a token says; what any token must say is still checked'],
    [trusted, 'refuses a token that one of them signed in the name of the other'],
  ),
  ours(
    'M11',
    'Scopes as string or list, the client by either name, tokens without a user as configured',
    'mcp-auth',
    [verifier, 'reads the scopes of a token with %s'],
    [verifier, 'finds the client in azp when there is no client_id'],
    [verifier, 'takes tokens without a user as told: %s'],
  ),
  ours(
    'M12',
    'Metadata and scopes in every 401 and 403',
    'mcp-auth',
    [door, 'name the realm wherever there is one'],
    [bearer, 'names what the operation needs and what is granted, so that nothing is lost by asking'],
  ),
  ours('M13', 'What the token says, on the request: Koa, Express, Fastify, Hono, plain Node and fetch', 'mcp-auth', [
    adapters,
    'tells the handler who is calling, for JWTs and opaque tokens',
  ]),
  ours('M14', 'Samples: who one is, and notes with scopes', 'mcp-auth', [
    tools,
    'writes, reads, changes, finds and deletes a note',
  ]),
  ours(
    'M15',
    'What is absent there: introspection, proofs of possession, an authorization server, step-up',
    'mcp-auth',
    ['resource-server/introspection.test.ts', 'answers what an active token says'],
    ['mcp-host/dpop.test.ts', 'all but one of the same proof sent many times at once'],
    ['journeys/step-up.test.ts', 'goes through two rounds of step-up, a refusal among them, and never loops'],
  ),
]
