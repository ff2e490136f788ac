/** What clients do to us: the specification’s rules for them, as seen from here, and what those in the field need besides. */
import { type Finding, findings } from '../../clients/findings.js'
import { must, ours, type Proof, type Requirement, should } from './requirement.js'

const v2 = 'clients/sdk-v2.test.ts'
const journey = 'journeys/mcp-journey.test.ts'
const refresh = 'authorization-server/refresh.test.ts'
const registration = 'authorization-server/registration.test.ts'
const registers = [registration, 'registers %s'] as const
const request = 'authorization-server/authorization-request.test.ts'
const documents = 'authorization-server/metadata-documents.test.ts'
const authorization = 'MCP 2026-07-28 authorization'

function proofOf({ file, title }: Finding['proofs'][number]): Proof {
  return [file, title]
}

const bySpecification: readonly Requirement[] = [
  should(
    'C1',
    'Clients are pre-registered, bring a metadata document, or register: each way leads to a token',
    `${authorization}, client registration`,
    ['cli/clients.test.ts', 'adds a public client, shows it and removes it'],
    [documents, 'make a client that nobody registered, on any loopback port, and say whose host it names'],
    registers,
  ),
  must(
    'C2',
    'Clients key their registration by issuer: ours never changes by how it is reached',
    `${authorization}, server binding`,
    ['authorization-server/metadata.test.ts', 'is not poisoned by a strange host in the first request'],
    ['http/http.test.ts', 'is the configured one whatever comes along: %j'],
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
    ['mcp-host/http.test.ts', 'at %s names the URL ending in %s, which its clients use'],
    [journey, 'finds the authorization server from the challenge of the 401'],
  ),
  ours(
    'C9',
    'The SDK sends resource verbatim, refreshes without scope, sends prompt=consent, and discovers with a preflight',
    '@modelcontextprotocol/client 2.4.0',
    [v2, 'lists the tools and calls one that reads'],
    ['mcp-host/http.test.ts', 'answers the preflight of %s without a token'],
  ),
  ours(
    'C10',
    'Several processes of one client refresh the same token at once: each goes on, in one family',
    'Claude Code, Cursor',
    [refresh, 'answer twenty at once with one and the same successor'],
    [
      'system/races.test.ts',
      'a refresh token has one successor, which every racer gets, and which lives on (RFC 9700 §4.14.2)',
    ],
  ),
]

/** What was seen of real clients is kept, with its tests, beside their shapes. */
const inTheField: readonly Requirement[] = findings.map(({ id, says, proofs: [first, ...others] }) => ({
  id,
  level: 'OURS',
  text: says,
  source: 'test/clients/findings.ts',
  status: { tests: [proofOf(first), ...others.map(proofOf)] },
}))

export const clientRequirements: readonly Requirement[] = [...bySpecification, ...inTheField]
