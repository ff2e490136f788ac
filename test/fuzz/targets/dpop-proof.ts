/** DPoP proofs (RFC 9449): claims that the engine chooses, under a good signature, and proofs of its own making. */
import { createHash, generateKeyPairSync } from 'node:crypto'
import { CompactSign } from 'jose'
import { OAuthError } from '../../../src/oauth/errors.js'
import { checkDpopProof } from '../../../src/resource-server/dpop.js'
import { type FuzzTarget, headerTextOf, insist, insistEqual, jsonOf, textOf } from '../target.js'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = publicKey.export({ format: 'jwk' })
/** RFC 7638 §3.2: required members alone, in the order of their names. */
const keyThumbprint = createHash('sha256')
  .update(JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y }))
  .digest('base64url')
/** Of the requests. */
const nowSeconds = 1_796_040_000
const clock = { now: () => new Date(nowSeconds * 1000) }
const url = 'https://notes.example/mcp'
const accessToken = 'token'
const ath = createHash('sha256').update(accessToken).digest('base64url')
const longestWindow = 300

type Members = Readonly<Record<string, unknown>>

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** False: refused as a bad proof. */
async function isTaken(proof: string, remembered: Set<string>): Promise<boolean> {
  const replays = {
    rememberOnce: async (identifier: string, until: Date) => {
      insist(until.getTime() > clock.now().getTime(), 'a proof is remembered for as long as it is good', until)
      if (remembered.has(identifier)) return false
      remembered.add(identifier)
      return true
    },
  }
  try {
    await checkDpopProof(proof, { method: 'POST', url, accessToken, keyThumbprint }, { replays, clock })
    return true
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    insistEqual([error.code, error.status], ['invalid_dpop_proof', 401], 'every bad proof gets one answer')
    return false
  }
}

/** RFC 9449 §4.3, in other words. */
function checkTaken(header: Members, claims: Members): void {
  insistEqual([header['typ'], header['alg']], ['dpop+jwt', 'ES256'], 'type and algorithm', header)
  insist(isMembers(header['jwk']) && header['jwk']['d'] === undefined, 'a public key', header)
  insistEqual([header['jwk']['x'], header['jwk']['y']], [jwk.x, jwk.y], "the token's own key")
  insistEqual([claims['htm'], claims['ath']], ['POST', ath], 'for this method and token', claims)
  const target = new URL(String(claims['htu']))
  insistEqual(
    [target.origin, target.pathname.replace(/\/$/, '')],
    ['https://notes.example', '/mcp'],
    'for this URL',
    claims,
  )
  insistEqual([target.username, target.password], ['', ''], 'without user', claims)
  const { iat, jti, exp, nbf } = claims
  insist(typeof iat === 'number' && Math.abs(iat - nowSeconds) <= longestWindow, 'made just now', claims)
  insist(typeof jti === 'string' && jti !== '' && jti.length <= 512, 'with an identifier, bounded', claims)
  insist(exp === undefined || (typeof exp === 'number' && exp > nowSeconds), 'not expired', claims)
  insist(nbf === undefined || (typeof nbf === 'number' && nbf <= nowSeconds + longestWindow), 'good already', claims)
}

async function checkSigned(input: Buffer): Promise<void> {
  const changes = jsonOf(textOf(input))
  if (!isMembers(changes)) return
  const { header: headerChanges, ...claimChanges } = changes
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk, ...(isMembers(headerChanges) ? headerChanges : {}) }
  const claims = { htm: 'POST', htu: url, iat: nowSeconds, jti: 'one', ath, ...claimChanges }
  const signer = new CompactSign(Buffer.from(JSON.stringify(claims))).setProtectedHeader(header)
  // What the engine chooses for a header may be nothing that can be signed.
  const proof = await signer.sign(privateKey).catch(() => undefined)
  if (proof === undefined) return
  const remembered = new Set<string>()
  if (!(await isTaken(proof, remembered))) return
  checkTaken(jsonOf(JSON.stringify(header)) as Members, jsonOf(JSON.stringify(claims)) as Members)
  insist(!(await isTaken(proof, remembered)), 'good once', claims)
}

export const dpopProof: FuzzTarget = {
  name: 'dpop-proof',
  surface: 'DPoP proofs: claims and headers under a good signature, and whatever is no proof',
  maxBytes: 10_000,
  dictionary: [
    '{"htu":"https://notes.example/mcp"}',
    '"htm":"POST"',
    '"iat":1796040000',
    '"jti":',
    '"ath":',
    '"exp":',
    '"nbf":',
    '"header":{',
    '"typ":"dpop+jwt"',
    '"alg":"ES256"',
    '"jwk":{',
    '"crit":["b64"]',
    '"b64":false',
    'https://a@notes.example',
    '?x#y',
    '1e999',
    '.',
  ],
  check: async (input) => {
    await checkSigned(input)
    insist(!(await isTaken(headerTextOf(input), new Set())), 'nobody guesses a signature', headerTextOf(input))
  },
}
