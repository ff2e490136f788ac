/** What only earlier revisions of MCP ask, which their clients still rely on. */
import { must, outOfScope, type Requirement, should } from './requirement.js'

const mirror = 'journeys/issuer-mirror.test.ts'
const oneOrigin = 'journeys/single-origin.test.ts'
const first = 'MCP 2025-03-26 authorization'

export const olderRevisionRequirements: readonly Requirement[] = [
  should(
    'L1',
    'Publish the authorization server’s metadata at the root of the MCP server’s origin',
    `${first} §2.3`,
    [mirror, '%s is the issuer’s own document, with its true issuer and endpoints'],
    [oneOrigin, 'takes a client from the bare MCP URL to a tool call'],
  ),
  must(
    'L2',
    'Serve /authorize, /token and /register on that origin for clients that found no metadata',
    `${first} §2.3.3`,
    [oneOrigin, 'lets clients of 2025-03-26 in, with metadata and without'],
    [mirror, 'registers, signs in, calls, steps up, refreshes and revokes, and never names a resource'],
  ),
  must(
    'L3',
    'Name an issuer that a client of any revision can compare, where both servers share an origin',
    'RFC 8414 §3.3',
    [oneOrigin, 'an old client finds the very origin as issuer'],
  ),
  should(
    'L4',
    'Serve clients of 2025-06-18 and 2025-11-25, which speak the initialize handshake',
    'MCP 2025-11-25 lifecycle',
    ['clients/sdk-v1.test.ts', 'registers, signs in, consents to reading only, and reads'],
    ['clients/sdk-v2.test.ts', 'registers, signs in, consents to reading only, and connects'],
  ),
  outOfScope(
    'L5',
    'SHOULD',
    'Resume broken streams by Last-Event-ID, with priming events',
    'MCP 2025-11-25 transports, resumability',
    'Optional, and tied to sessions, which are not kept: a call that broke is made again.',
  ),
]
