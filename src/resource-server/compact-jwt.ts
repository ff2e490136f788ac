/**
 * A fast path to verify a JWT: `node:crypto` instead of WebCrypto, and each part is decoded once. It accepts a token or leaves the decision
 * to jose, which handles everything unusual or invalid about a token, a key or the runtime. Only an invalid signature is refused here, so
 * that a forged token never costs two verifications.
 */
import { constants, KeyObject, verify } from 'node:crypto'
import { type CryptoKey, errors, type JWTPayload, type JWTVerifyGetKey } from 'jose'

/** Required content of the token. Times only have to be numbers: the caller checks them. */
export interface CompactJwtRules {
  readonly algorithms: readonly string[]
  /** `typ` of the header, without `application/`. Absent: any. */
  readonly typ?: string
  readonly issuer: string
  /** One of them must be in `aud`. */
  readonly audience: readonly string[]
  readonly requiredClaims: readonly string[]
}

export interface VerifiedJwt {
  readonly payload: JWTPayload
  readonly protectedHeader: { readonly kid?: string | undefined }
}

type CheckSignature = (input: Buffer, signature: Buffer) => boolean

/** A key prepared to check signatures of these algorithms. */
interface ReadyKey {
  readonly algorithms: readonly string[]
  readonly check: CheckSignature
}

const compactForm = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/

/** Bits of an RSA key: jose refuses shorter keys (RFC 7518 §3.3), and longer ones are slow (see `prepareKey`). */
const [shortestModulus, longestModulus] = [2048, 4096]

function checkWith(digest: string | null, key: Parameters<typeof verify>[2]): CheckSignature {
  return (input, signature) => verify(digest, input, key, signature)
}

/** Members of `CryptoKey.algorithm`; which are present depends on the kind of key. */
interface KeyAlgorithm {
  readonly name: string
  readonly namedCurve?: string
  readonly hash?: { readonly name: string }
  readonly modulusLength?: number
}

function prepareRsaKey(key: KeyObject, { name, hash, modulusLength = 0 }: KeyAlgorithm): ReadyKey | undefined {
  const digest = /^SHA-(256|384|512)$/.exec(hash?.name ?? '')?.[1]
  if (digest === undefined || modulusLength < shortestModulus || modulusLength > longestModulus) return undefined
  if (name === 'RSASSA-PKCS1-v1_5') return { algorithms: [`RS${digest}`], check: checkWith(`sha${digest}`, key) }
  if (name !== 'RSA-PSS') return undefined
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  return { algorithms: [`PS${digest}`], check: checkWith(`sha${digest}`, { key, ...padding }) }
}

/**
 * Signatures are checked synchronously: a tenth of a millisecond, less than a round trip to the thread pool. jose handles the keys that
 * take several times as long (P-384, P-521, long RSA keys), in the thread pool.
 */
function prepareKey(cryptoKey: CryptoKey): ReadyKey | undefined {
  if (cryptoKey.type !== 'public' || !cryptoKey.usages.includes('verify')) return undefined
  const algorithm: KeyAlgorithm = cryptoKey.algorithm
  const key = KeyObject.from(cryptoKey)
  if (algorithm.name === 'Ed25519') return { algorithms: ['EdDSA', 'Ed25519'], check: checkWith(null, key) }
  if (algorithm.name !== 'ECDSA') return prepareRsaKey(key, algorithm)
  if (algorithm.namedCurve !== 'P-256') return undefined
  return { algorithms: ['ES256'], check: checkWith('sha256', { key, dsaEncoding: 'ieee-p1363' }) }
}

const prepared = new WeakMap<CryptoKey, ReadyKey | { readonly algorithms: readonly [] }>()

/** A runtime may lack the conversion between the two kinds of keys. */
function prepareIfPossible(key: CryptoKey): ReadyKey | undefined {
  try {
    return prepareKey(key)
  } catch {
    return undefined
  }
}

function signatureCheck(key: Awaited<ReturnType<JWTVerifyGetKey>>, algorithm: string): CheckSignature | undefined {
  if (!(key instanceof globalThis.CryptoKey)) return undefined
  const ready = prepared.get(key) ?? prepareIfPossible(key) ?? { algorithms: [] }
  prepared.set(key, ready)
  return 'check' in ready && ready.algorithms.includes(algorithm) ? ready.check : undefined
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The JSON object in a part. `undefined` for anything else, including invalid UTF-8. */
function objectIn(part: string): Readonly<Record<string, unknown>> | undefined {
  const text = Buffer.from(part, 'base64url').toString('utf8')
  if (text.includes('\ufffd')) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Parsed headers, by their encoded text: an issuer's tokens have the same header while it signs with the same key. */
const headers = new Map<string, Readonly<Record<string, unknown>>>()
const [mostHeaders, longestHeader] = [32, 512]

function headerIn(part: string): Readonly<Record<string, unknown>> | undefined {
  const known = headers.get(part)
  if (known !== undefined) return known
  const header = objectIn(part)
  if (header === undefined || part.length > longestHeader) return header
  if (headers.size === mostHeaders) headers.clear()
  headers.set(part, Object.freeze(header))
  return header
}

/** No base64url text has such a length; Node would drop its last character. */
function isTruncated(part: string): boolean {
  return part.length % 4 === 1
}

function isUsualHeader(
  { typ, kid, crit }: Readonly<Record<string, unknown>>,
  { typ: wanted }: CompactJwtRules,
): boolean {
  const fits = wanted === undefined || typ === wanted || typ === `application/${wanted}`
  return fits && crit === undefined && (kid === undefined || typeof kid === 'string')
}

/** Far below the limit of integer precision. */
function isUsualTime(value: unknown): boolean {
  return value === undefined || (typeof value === 'number' && Math.abs(value) < 2 ** 48)
}

function meets(claims: Readonly<Record<string, unknown>>, rules: CompactJwtRules): boolean {
  const { iss, aud, exp, nbf, iat } = claims
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  return (
    iss === rules.issuer &&
    rules.audience.some((accepted) => named.includes(accepted)) &&
    rules.requiredClaims.every((name) => Object.hasOwn(claims, name)) &&
    isUsualTime(exp) &&
    isUsualTime(nbf) &&
    isUsualTime(iat)
  )
}

/** `undefined`: this runtime cannot check it. */
function fits(check: CheckSignature, signed: string, signature: string): boolean | undefined {
  try {
    return check(Buffer.from(signed, 'latin1'), Buffer.from(signature, 'base64url'))
  } catch {
    return undefined
  }
}

/**
 * The claims of a valid token; `undefined` for a token that jose has to check. Throws the errors of `keys`, and jose's
 * JWSSignatureVerificationFailed.
 */
export async function acceptCompactJwt(
  token: string,
  keys: JWTVerifyGetKey,
  rules: CompactJwtRules,
): Promise<VerifiedJwt | undefined> {
  const [, encodedHeader = '', payload = '', signature = ''] = compactForm.exec(token) ?? []
  if (signature === '' || isTruncated(encodedHeader) || isTruncated(payload) || isTruncated(signature)) return undefined
  const header = headerIn(encodedHeader)
  const alg = header?.['alg']
  if (header === undefined || typeof alg !== 'string' || !rules.algorithms.includes(alg)) return undefined
  if (!isUsualHeader(header, rules)) return undefined
  const check = signatureCheck(await keys({ ...header, alg }, { protected: encodedHeader, payload, signature }), alg)
  const isSigned = check && fits(check, token.slice(0, -1 - signature.length), signature)
  if (isSigned === undefined) return undefined
  if (!isSigned) throw new errors.JWSSignatureVerificationFailed()
  const claims = objectIn(payload)
  return claims !== undefined && meets(claims, rules) ? { payload: claims, protectedHeader: header } : undefined
}
