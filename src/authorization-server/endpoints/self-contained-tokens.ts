/** Verifies JWT access tokens (RFC 9068) at the server that issued them. Does not check revocation. */
import { errors, type JWTPayload, jwtVerify } from 'jose'
import type { KeyRing } from '../../storage/keys/key-ring.js'
import type { Storage } from '../../storage/storage.js'
import { accessTokenKeys } from '../engine/signing-key.js'

export interface SelfContainedTokenParts {
  readonly issuer: string
  readonly storage: Pick<Storage, 'clock'>
  readonly keyRing: Pick<KeyRing, 'follow'>
}

export interface SelfContainedToken {
  readonly claims: JWTPayload
  /** `kid` of the key that signed it. */
  readonly keyId: string | undefined
}

/** `toleranceSeconds`: how long after its `exp` a token is still read. Answers `undefined` for what is not ours, or over. */
export type ReadSelfContained = (token: string, toleranceSeconds: number) => Promise<SelfContainedToken | undefined>

/** Follows the keys: a token of a key that was removed is not ours any more. */
export function createSelfContainedReader({ issuer, storage, keyRing }: SelfContainedTokenParts): ReadSelfContained {
  let keys = accessTokenKeys([])
  keyRing.follow(({ signing }) => {
    keys = accessTokenKeys(signing)
  })
  const keyFor = ({ kid }: { kid?: string | undefined }) => {
    const key = keys.get(kid)
    if (key === undefined) throw new errors.JWKSNoMatchingKey()
    return key
  }
  return async (token, toleranceSeconds) => {
    const rules = {
      issuer,
      typ: 'at+jwt',
      algorithms: ['ES256'],
      currentDate: storage.clock.now(),
      clockTolerance: toleranceSeconds,
    }
    try {
      const { payload, protectedHeader } = await jwtVerify(token, keyFor, rules)
      return { claims: payload, keyId: protectedHeader.kid }
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined
      throw error
    }
  }
}
