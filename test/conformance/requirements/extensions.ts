/** What the authorization extensions of MCP (ext-auth) and the device flow ask of an authorization server and of a protected MCP server. */
import { may, must, outOfScope, type Requirement, should } from './requirement.js'

const machines = 'authorization-server/client-credentials.test.ts'
const assertions = 'authorization-server/grants/assertion-grant.test.ts'
const metadata = 'authorization-server/metadata.test.ts'
const device = 'authorization-server/device.test.ts'
const enterprise = 'SEP-990 enterprise-managed authorization'

export const extensionRequirements: readonly Requirement[] = [
  must('X1', 'Give client credentials only to clients that were registered for them', 'SEP-1046', [
    machines,
    'are for clients that were made for them',
  ]),
  must('X2', 'Name private_key_jwt or client_secret_basic, and signing algorithms, in the metadata', 'SEP-1046', [
    metadata,
    'says what works, and nothing else',
  ]),
  must(
    'X3',
    'Honour resource and scope in a client credentials request',
    'SEP-1046',
    [machines, 'give the scope that was asked for, and leave unknown scopes out'],
    [machines, 'take any spelling of the resource, and no other resource'],
  ),
  must(
    'X4',
    'Announce DPoP algorithms and bind tokens to the key of the proof',
    'SEP-1932, RFC 9449 §5',
    ['authorization-server/dpop.test.ts', 'is announced in the metadata'],
    ['authorization-server/dpop.test.ts', 'binds the token to the key of the proof, and says so'],
  ),
  must(
    'X5',
    'Check DPoP proofs, and refuse bound tokens without one',
    'SEP-1932, RFC 9449 §4.3, §7.1',
    ['mcp-host/dpop.test.ts', 'is accepted %s'],
    ['mcp-host/dpop.test.ts', 'refuses a bound token presented as Bearer, with and without a proof, and says DPoP'],
  ),
  must('X6a', 'Announce the jwt-bearer grant and the id-jag profile', enterprise, [
    assertions,
    'are announced in the metadata',
  ]),
  must(
    'X6b',
    'Check type, signature, algorithm, issuer, subject, audience, times, resource and client of an assertion',
    enterprise,
    [assertions, 'are refused with %s'],
  ),
  must('X6c', 'Take an assertion once', enterprise, [
    assertions,
    'are good once, however many requests bring one at once',
  ]),
  must(
    'X6d',
    'Bind the token to the resource of the assertion',
    enterprise,
    [assertions, 'give an access token of the person for the resource, no refresh token, and an audit event'],
    [assertions, 'are refused when the request names another resource, or more than one'],
  ),
  must('X6e', 'Authenticate the client, and want the one that the assertion names', enterprise, [
    assertions,
    'are refused without an assertion, from the wrong client, and from clients that do not authenticate',
  ]),
  must('X6f', 'Grant no scope that the assertion does not have', enterprise, [
    assertions,
    'give what assertion and request have in common, of what the resource has',
  ]),
  should('X6g', 'Link accounts by issuer and subject first, by email at most afterwards', enterprise, [
    assertions,
    'stay linked to issuer and subject when the address changes, and never to the subject of another issuer',
  ]),
  may('X6h', 'Take assertions of clients that are URLs and sign for themselves', enterprise, [
    'authorization-server/grants/document-client.test.ts',
    'is exchanged when the client signs for itself and the operator lists it',
  ]),
  outOfScope(
    'X7',
    'MUST',
    'Exchange workload assertions: trusted issuers, rules for subjects, single use',
    'SEP-1933 workload identity federation (open proposal)',
    'A MUST for who offers the extension, which is optional and an open proposal whose text still changes; we announce no such thing. Programs have client credentials with private_key_jwt, and a workload assertion is refused by its type (X6b).',
  ),
  must('X8a', 'Slow down a device that asks too often', 'RFC 8628 §3.5', [
    device,
    'slows down who asks too often, and answers a decision all the same (RFC 8628 §3.5)',
  ]),
  must('X8b', 'Let device codes end, and say so', 'RFC 8628 §3.2, §3.5', [
    device,
    'ends with expired_token, and the person is told to start again',
  ]),
  should('X8c', 'Stop who guesses user codes', 'RFC 8628 §5.1', [
    device,
    'stops who guesses: forty codes in a quarter of an hour from one address',
  ]),
  should('X8d', 'Have the person compare the code, also when a link brings it', 'RFC 8628 §3.3.1, §5.4', [
    device,
    'shows the code of a link for the person to compare, and sends nothing by itself',
  ]),
]
