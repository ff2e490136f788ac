/** Claims of an identity assertion whose signature is good: its issuer is trusted, and still may write anything. */
import {
  type Claims,
  identityAssertionType,
  readAssertion,
  violations,
} from '../../../src/authorization-server/grants/identity-assertion.js'
import type { TrustedIssuer } from '../../../src/oauth/trusted-issuer.js'
import { type FuzzTarget, insist, insistEqual, jsonOf, linesOf } from '../target.js'

const now = 1_800_000_000
const audience = 'https://auth.example'
const issuer = 'https://idp.example'
const trustedIssuer: TrustedIssuer = {
  issuer,
  clients: ['client-1', 'client-2'],
  accounts: 'email',
  emailDomains: ['example.com'],
  algorithms: ['ES256'],
  maxLifetimeSeconds: 600,
}
const clockToleranceSeconds = 15
const expected = { trustedIssuer, audience, clientId: 'client-1', now, clockToleranceSeconds }

const honest: Claims = {
  iss: issuer,
  sub: 'employee-1',
  aud: audience,
  client_id: 'client-1',
  jti: 'once',
  iat: now,
  exp: now + 300,
  scope: 'notes:read',
  resource: 'https://notes.example/mcp',
  email: 'ada@example.com',
  email_verified: true,
  cnf: { jkt: 'thumbprint' },
}

const isName = (value: unknown) => typeof value === 'string' && value !== '' && value.length <= 1_024

function checkAccepted(claims: Claims): void {
  const { iss, aud, client_id: clientId, sub, jti, email, email_verified: verified, scope, resource, cnf } = claims
  insistEqual([iss, [aud].flat(), clientId], [issuer, [audience], 'client-1'], 'one issuer, one audience, one client')
  insist(isName(sub) && isName(jti), 'who, and which assertion, are names', sub, jti)
  const read = readAssertion(claims)
  insistEqual([read.issuer, read.subject, read.tokenId], [iss, sub, jti], 'it is read as it is written')
  insist(!`${read.subject}${read.tokenId}${read.email}${read.resource}`.includes('\0'), 'nothing a database refuses')
  insist(read.expiresAt > now - clockToleranceSeconds, 'it has not expired', claims)
  // RFC 7523 §3: kept until then, so that it is used once. Whatever an issuer writes, that is soon.
  const latest = now + 60 + trustedIssuer.maxLifetimeSeconds
  insist(read.expiresAt <= latest && !Number.isNaN(new Date(read.expiresAt * 1_000).getTime()), 'it ends soon', claims)
  insistEqual(read.email, verified === undefined || /^true$/.test(String(verified)) ? email : undefined, 'vouched for')
  insistEqual([read.scope, read.resource], [scope, resource], 'nothing of what it allows is lost')
  // RFC 7800 §3.1: a holder's key that is not understood must not make a bearer token of it.
  insistEqual(read.keyThumbprint === undefined, cnf === undefined, 'a bound one stays bound', cnf)
}

export const identityAssertion: FuzzTarget = {
  name: 'identity-assertion',
  surface: `claims of identity assertions (${identityAssertionType}): for one client, here, soon over, never less bound`,
  maxBytes: 8_192,
  dictionary: [
    ...Object.keys(honest).map((name) => `"${name}":`),
    '"nbf":',
    `"${audience}"`,
    `"${issuer}"`,
    '1800000000',
    '1e308',
    '-1e308',
    '1800000300.5',
    'null',
    '"true"',
    '"x5t#S256"',
    '\\u0000',
    '__proto__',
    'constructor',
  ],
  check: (input) => {
    // Names of honest claims that are left out, then an object with claims instead of and beside the honest ones.
    const [without = '', text = ''] = linesOf(input, 2)
    const given = jsonOf(text)
    const changed = typeof given === 'object' && given !== null && !Array.isArray(given) ? { ...given } : {}
    const left = Object.entries(honest).filter(([name]) => !without.split(' ').includes(name))
    const claims: Claims = { ...Object.fromEntries(left), ...changed }
    const broken = violations(claims, expected)
    insistEqual(violations({ ...claims, 'an extension': {} }, expected), broken, 'unknown claims mean nothing', claims)
    insist(
      violations(claims, { ...expected, clientId: 'client-3' }).length > 0,
      'nothing for a client that is not on the list',
      claims,
    )
    if (broken.length === 0) checkAccepted(claims)
  },
}
