/**
 * The data that a front needs when the person returns from the upstream server: encrypted in the `state` parameter and bound to the browser
 * by a cookie. Nothing is stored, so nothing can be lost or exhausted.
 */
import { createHmac, type KeyObject } from 'node:crypto'
import { EncryptJWT, jwtDecrypt } from 'jose'
import type { VerifierClock } from '../resource-server/access-token.js'
import { deriveKey } from './front-client.js'

export interface Journey {
  readonly redirectUri: string
  /** The client's own. */
  readonly state: string | undefined
}

export interface FrontState {
  /** `binding`: the value of a cookie that only this browser holds. */
  seal(journey: Journey, binding: string): Promise<string>
  /** `undefined` if it is not from this front, too old, or from another browser. */
  open(sealed: string, binding: string): Promise<Journey | undefined>
}

/** Long enough for a person to look for their password. */
const lifetimeSeconds = 3_600

export function createFrontState(secret: string, clock: VerifierClock): FrontState {
  const key: KeyObject = deriveKey(secret, 'state')
  const bindingKey = deriveKey(secret, 'browser binding')
  const bound = (binding: string) => createHmac('sha256', bindingKey).update(binding).digest('base64url')
  return {
    seal: ({ redirectUri, state }, binding) =>
      new EncryptJWT({ r: redirectUri, b: bound(binding), ...(state !== undefined && { s: state }) })
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .setExpirationTime(Math.floor(clock.now().getTime() / 1000) + lifetimeSeconds)
        .encrypt(key),
    open: async (sealed, binding) => {
      const opened = await jwtDecrypt(sealed, key, {
        currentDate: clock.now(),
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
      }).catch(() => undefined)
      const { r: redirectUri, s: state, b: owner } = opened?.payload ?? {}
      if (typeof redirectUri !== 'string' || binding === '' || owner !== bound(binding)) return undefined
      return { redirectUri, state: typeof state === 'string' ? state : undefined }
    },
  }
}
