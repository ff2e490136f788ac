/** Access tokens as JWTs (RFC 9068): what is read before the signature is checked, and claims under a good one. */
import { generateKeyPairSync } from 'node:crypto'
import { CompactSign, jwtVerify } from 'jose'
import { OAuthError } from '../../../src/oauth/errors.js'
import type { AccessToken, TokenVerifier } from '../../../src/resource-server/access-token.js'
import { acceptCompactJwt } from '../../../src/resource-server/compact-jwt.js'
import { createStaticKeySet } from '../../../src/resource-server/static-keys.js'
import { looksLikeJwt, routeByIssuer, routeByShape } from '../../../src/resource-server/token-routing.js'
import { createJwtVerifier } from '../../../src/resource-server/verifier.js'
import { type FuzzTarget, headerTextOf, insist, insistEqual, jsonOf, textOf } from '../target.js'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const keys = createStaticKeySet([{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256', use: 'sig' }])
const nowSeconds = 1_796_040_000
const clock = { now: () => new Date(nowSeconds * 1000) }
const issuer = 'https://auth.example'
const audience = 'https://notes.example/mcp'
const alias = 'https://old.example/mcp'

const verify = createJwtVerifier({ keys, issuer, audience, audienceAliases: [alias], clock })
/** Tells where a token was sent. */
let asked: string[] = []
const asks =
  (name: string, answer: TokenVerifier): TokenVerifier =>
  (token) => {
    asked.push(name)
    return answer(token)
  }
const refuses: TokenVerifier = async () => {
  throw new OAuthError('invalid_token', 'not known here')
}
const routed = routeByShape({
  jwt: routeByIssuer(
    new Map([
      [issuer, asks(issuer, verify)],
      ['https://other.example', asks('https://other.example', refuses)],
    ]),
  ),
  opaque: asks('opaque', refuses),
})

const shortRules = {
  algorithms: ['ES256'],
  typ: 'at+jwt',
  issuer,
  audience: [audience, alias],
  requiredClaims: ['exp', 'iat', 'sub'],
}

/** The short way may leave a token to jose, but never take one that jose does not take, or read it in another way. */
async function checkShortWay(token: string): Promise<void> {
  const accepted = await acceptCompactJwt(token, keys, shortRules).catch(() => undefined)
  if (accepted === undefined) return
  const currentDate = new Date(nowSeconds * 1000)
  const options = { ...shortRules, clockTolerance: Number.MAX_SAFE_INTEGER, currentDate }
  const judged = await jwtVerify(token, keys, options)
  insistEqual(accepted.payload, judged.payload, 'both ways read the same claims')
  insistEqual(accepted.protectedHeader, judged.protectedHeader, 'both ways read the same header')
}

type Members = Readonly<Record<string, unknown>>

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `undefined`: refused, with the one answer for bad tokens. */
async function verified(verifier: TokenVerifier, token: string): Promise<AccessToken | undefined> {
  try {
    return await verifier(token)
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    insistEqual([error.code, error.status], ['invalid_token', 401], 'every bad token gets one answer')
    return undefined
  }
}

function checkTaken(token: AccessToken, header: Members, claims: Members): void {
  insistEqual(
    String(header['typ'])
      .toLowerCase()
      .replace(/^application\//, ''),
    'at+jwt',
    'an access token by its type',
  )
  insist(claims['iss'] === issuer && token.issuer === issuer, 'of this issuer', claims)
  const named = [claims['aud']].flat()
  insist(named.includes(audience) || named.includes(alias), 'for this resource', claims)
  const { exp, iat, nbf } = claims
  insist(
    typeof exp === 'number' && exp > nowSeconds - 60 && exp <= nowSeconds + 86_400 + 300,
    'lives now, not for long',
    claims,
  )
  insist(typeof iat === 'number' && iat <= nowSeconds + 60, 'made before now', claims)
  insist(nbf === undefined || (typeof nbf === 'number' && nbf <= nowSeconds + 60), 'good already', claims)
  insist(claims['cnf'] === undefined, 'a bound token is for those who check proofs', claims)
  insistEqual(token.clientId, claims['client_id'] ?? claims['azp'], 'the client is the one it names', claims)
  insistEqual(token.subject, claims['sub'], 'the person is the one it names', claims)
  insist(
    token.clientId !== '' && !token.clientId.includes('\0') && !token.subject?.includes('\0'),
    'names that can be stored',
  )
  const written = ['scope', 'scopes', 'scp'].map((name) => claims[name]).find((value) => value !== undefined)
  const words = [written ?? ''].flat().join(' ').split(/\s+/)
  insist(
    token.scopes.every((scope) => scope !== '' && words.includes(scope.trim())),
    'no scope is made up',
    token.scopes,
    written,
  )
}

async function checkSigned(input: Buffer): Promise<void> {
  const changes = jsonOf(textOf(input))
  if (!isMembers(changes)) return
  const { header: headerChanges, ...claimChanges } = changes
  const header = { typ: 'at+jwt', alg: 'ES256', kid: 'one', ...(isMembers(headerChanges) ? headerChanges : {}) }
  const claims = {
    iss: issuer,
    aud: audience,
    sub: 'person',
    client_id: 'client',
    iat: nowSeconds,
    exp: nowSeconds + 600,
    scope: 'notes:read',
    ...claimChanges,
  }
  const signer = new CompactSign(Buffer.from(JSON.stringify(claims))).setProtectedHeader(header)
  const token = await signer.sign(privateKey).catch(() => undefined)
  if (token === undefined) return
  await checkShortWay(token)
  const taken = await verified(verify, token)
  if (taken !== undefined)
    checkTaken(taken, jsonOf(JSON.stringify(header)) as Members, jsonOf(JSON.stringify(claims)) as Members)
  asked = []
  const throughRoutes = await verified(routed, token)
  insistEqual(throughRoutes?.clientId, taken?.clientId, 'routing changes no verdict', claims)
  if (throughRoutes !== undefined) insistEqual(asked, [issuer], 'only its own issuer is asked', claims)
}

export const accessToken: FuzzTarget = {
  name: 'access-token',
  surface: 'access tokens: what is read of a JWT unverified, and claims under a good signature',
  maxBytes: 17_000,
  dictionary: [
    '{"scope":"notes:read"}',
    '"iss":"https://auth.example"',
    '"aud":["https://notes.example/mcp"]',
    '"exp":1796040600',
    '"nbf":',
    '"iat":',
    '"sub":',
    '"azp":',
    '"cnf":{"jkt":"x"}',
    '"scp":["notes:read"]',
    '"header":{',
    '"typ":"at+jwt"',
    '"alg":"none"',
    '"alg":"HS256"',
    '"jwk":{',
    '"kid":',
    '"crit":["b64"],"b64":false',
    'eyJhbGciOiJub25lIn0.e30.',
    '1e999',
    '\\u0000',
  ],
  check: async (input) => {
    await checkSigned(input)
    const token = headerTextOf(input)
    await checkShortWay(token)
    asked = []
    insist((await verified(routed, token)) === undefined, 'nobody guesses a signature', token)
    insist(asked.length <= 1, 'one verifier is asked at most', asked)
    insist(!looksLikeJwt(token) || !asked.includes('opaque'), 'a forged JWT costs the issuer nothing', token)
  },
}
