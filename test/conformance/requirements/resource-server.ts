/** What MCP asks of a server that is a protected resource (RFC 9728, RFC 6750, RFC 9068). */
import { may, must, outOfScope, type Requirement, should } from './requirement.js'

const guard = 'mcp-host/authorization.test.ts'
const http = 'mcp-host/http.test.ts'
const declaration = 'notes/notes-resource.test.ts'
const definition = 'mcp-host/server-definition.test.ts'
const verifier = 'resource-server/verifier.test.ts'
const suite = 'conformance/official/mcp-server.test.ts'

const authorization = 'MCP 2026-07-28 authorization'

export const resourceServerRequirements: readonly Requirement[] = [
  must('R1', 'Publish protected resource metadata with an authorization server in it', 'RFC 9728 §3', [
    http,
    'at %s names the URL ending in %s, which its clients use',
  ]),
  must(
    'R2a',
    'Serve the document at the path-inserted URL or at the root (we do both)',
    `${authorization}, discovery`,
    [http, 'at %s names the URL ending in %s, which its clients use'],
  ),
  must('R2b', 'Name the document in the 401 challenge (a MUST of 2025-06-18)', 'RFC 9728 §5.1', [
    guard,
    '%s without a token gets 401 and where to find one',
  ]),
  should('R3', 'Name in the 401 which scopes are useful', `${authorization}, scope challenge`, [
    guard,
    '%s without a token gets 401 and where to find one',
  ]),
  should('R4', 'Advertise the baseline of scopes, not the catalogue', `${authorization}, scope minimization`, [
    declaration,
    'asks for nothing destructive at the first sign-in, and never for offline_access',
  ]),
  should('R5', 'Keep offline_access out of challenges and of scopes_supported', 'SEP-2207', [
    declaration,
    'asks for nothing destructive at the first sign-in, and never for offline_access',
  ]),
  must('R6a', 'Check a token before anything is done with the request', 'OAuth 2.1 §5.2', [
    guard,
    'decides before it reads the body',
  ]),
  must(
    'R6b',
    'Take only tokens that were issued for this server',
    'RFC 8707 §2, RFC 9068 §4',
    [guard, 'refuses a token for another resource of the same issuer'],
    ['journeys/openid-connect.test.ts', 'does not get into the MCP server with a token that was made for userinfo'],
  ),
  must(
    'R6c',
    'Reject tokens with a wrong signature, issuer, type, or time',
    'RFC 9068 §4, RFC 8725',
    [verifier, 'refuses %s'],
    [verifier, 'refuses alg %p with the signature stripped'],
    [verifier, 'refuses the issuer with %s'],
    [verifier, 'refuses the type %s'],
  ),
  must('R6d', 'Pass the client’s token on to nobody', `${authorization}, token passthrough`, [
    definition,
    'sees no token, in whatever it is given',
  ]),
  must('R7a', 'Answer a bad or expired token with 401', 'OAuth 2.1 §5.3, RFC 6750 §3.1', [
    guard,
    'answers a bad token with 401 invalid_token',
  ]),
  should(
    'R7b',
    'Answer a missing scope with 403, insufficient_scope, scope and resource_metadata',
    `${authorization}, scope challenge`,
    [guard, '%s with scope "%s" is 403 and asks for "%s"'],
  ),
  must('R7c', 'Answer a malformed request for access with 400', 'RFC 6750 §3.1', [
    guard,
    'answers a malformed header with 400 invalid_request',
  ]),
  should(
    'R8',
    'Name every scope of the operation in one challenge',
    `${authorization}, scope challenge`,
    [guard, 'asks for all scopes of a batch at once'],
    [
      'resource-server/bearer.test.ts',
      'names what the operation needs and what is granted, so that nothing is lost by asking',
    ],
  ),
  must(
    'R9',
    'Let a broader scope do what a narrower one may',
    `${authorization}, scope challenge`,
    [guard, 'lets writing include reading, but not deleting'],
    ['mcp-host/operations.test.ts', '%s of %j with "%s" is a 403 that asks for "%s", and runs nothing'],
    ['oauth/scope.test.ts', '%j covers %j: %s'],
  ),
  must('R10a', 'Read tokens from the Authorization header alone', 'OAuth 2.1 §5.1', [
    guard,
    'does not read tokens from query, form or cookie, nor log them',
  ]),
  must('R10b', 'Want authorization on every request, of every method', `${authorization}, token requirements`, [
    guard,
    '%s without a token gets 401 and where to find one',
  ]),
  must(
    'R11a',
    'Name the resource by its canonical URI',
    'RFC 8707 §2',
    [declaration, 'is named by its canonical URL'],
    ['oauth/resource.test.ts', 'has no canonical form for %j'],
  ),
  should(
    'R11b',
    'Accept scheme and host in any case',
    `${authorization}, canonical server URI`,
    ['oauth/resource.test.ts', 'writes %s as %s'],
    ['authorization-server/authorization-request.test.ts', 'gives %s the one canonical audience'],
  ),
  must('R12a', 'Store tokens securely', 'OAuth 2.1 §7.1', [
    'authorization-server/traces.test.ts',
    'hold no secret in any column of the database',
  ]),
  must(
    'R12b',
    'Log no token',
    'OAuth 2.1 §7.1',
    ['authorization-server/traces.test.ts', 'hold no secret in any log line'],
    [guard, 'says who did what, without token, subject or payload'],
  ),
  must('R13a', 'Take no state handle for authentication', 'MCP security best practices, state handles', [
    'mcp-host/security.test.ts',
    'reach no note of another person',
  ]),
  should('R13b', 'Tie state handles to the person', 'MCP security best practices, state handles', [
    'mcp-host/notes-tools.test.ts',
    "does not leave its owner's notes by a stranger's cursor",
  ]),
  must('R14a', 'Reject request state that fails its integrity check', 'MCP 2026-07-28 multi-round-trip requests', [
    suite,
    'input-required-result-tampered-state',
  ]),
  should('R14b', 'Tie request state to principal and request', 'MCP 2026-07-28 multi-round-trip requests', [
    definition,
    'takes back request state only from the client it gave it to',
  ]),
  must(
    'R15a',
    'Let lists vary by authorization at most, never by connection',
    'MCP 2026-07-28 tools',
    [definition, 'lists the same tools to every token and connection, privately'],
    ['mcp-host/operations.test.ts', '%s shows what the token may know of'],
  ),
  must(
    'R15b',
    'Mark a list that varies as private',
    'MCP 2026-07-28 caching',
    [definition, 'lists the same tools to every token and connection, privately'],
    ['mcp-host/operations.test.ts', '%s shows what the token may know of'],
  ),
  must('R16a', 'Never authorize the MCP client by URL-mode elicitation', 'MCP 2026-07-28 elicitation', [
    'mcp-host/who-asks.test.ts',
    'is authorized by challenges alone, for %s',
  ]),
  outOfScope(
    'R16b',
    'MUST',
    'Verify that who finishes the flow of a third party is who started it',
    'MCP 2026-07-28 elicitation',
    'No tool here sends a person anywhere: there is no third party whose access it would need.',
  ),
  may('R17', 'Serve tokens without a person (client credentials); tools that need one refuse', 'SEP-1046', [
    'mcp-host/notes-tools.test.ts',
    'tells a token without a person that notes need one, and lets it ask who it is',
  ]),
]
