/**
 * Which access tokens userinfo (OpenID Connect Core §5.3) takes besides its own: those that were issued for a resource together with the
 * scope `openid`. A client that signs a person in and calls tools has one access token. Userinfo is the one exception to "a token works at
 * the resource it was issued for": the token's audience stays that resource alone, so that no other resource server takes it. How the
 * engine comes to take them: engine/userinfo-tokens.ts.
 */
import type { JWTPayload } from 'jose'
import { clockToleranceSeconds } from '../../storage/engine-model.js'
import { grantOfLiveToken } from '../../storage/grants/live-access-tokens.js'
import type { Storage } from '../../storage/storage.js'
import type { ReadSelfContained } from './self-contained-tokens.js'

/** A token that verifies itself, and the grant that it lives by. */
export interface LiveToken {
  readonly claims: JWTPayload
  readonly grantId: string
}

export type FindLiveToken = (value: string) => Promise<LiveToken | undefined>

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Finds no token of a machine: it names no grant, because it is about nobody. */
export function createLiveTokenFinder(storage: Storage, read: ReadSelfContained): FindLiveToken {
  return async (value) => {
    const { claims } = (await read(value, clockToleranceSeconds)) ?? {}
    if (claims === undefined || claims['gid'] === undefined) return undefined
    const grantId = await grantOfLiveToken(storage, {
      accountId: text(claims.sub),
      clientId: text(claims['client_id']),
      grantHash: text(claims['gid']),
      tokenId: text(claims.jti),
      audience: text([claims.aud].flat()[0]),
    })
    return grantId === undefined ? undefined : { claims, grantId }
  }
}
