/**
 * Challenges that a device signs (WebAuthn §13.4.3). A challenge is known by its MAC to be ours, for one purpose and one browser, and to be
 * recent: none is stored before it is answered, so asking for many costs nothing. An answered one is used up in the database, by the
 * statement that it is answered for (storage/factors/passkeys.ts).
 */
import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import type { Clock } from '../../base/clock.js'
import { hashSecret, secretsEqual } from '../../base/secrets.js'
import type { AnsweredChallenge } from '../../storage/factors/passkeys.js'
import type { KeyRing } from '../../storage/keys/key-ring.js'

/** What a device signs for. A challenge of one purpose is none of another: signing in must not register a passkey, nor the other way. */
export type ChallengePurpose = 'sign-in' | 'prove' | 'register' | 'create-account'

export interface Challenges {
  /** `binding`: what the browser alone holds, of an interaction or a session. */
  issue(purpose: ChallengePurpose, binding: string): string
  /** The challenge, if it was issued for this purpose and this browser and is not over. */
  judge(challenge: string, purpose: ChallengePurpose, binding: string): AnsweredChallenge | undefined
}

/** A sign-in page may stay open as long as its interaction lives: browsers hold the challenge for the autofill of passkeys. */
const ttlMs: Readonly<Record<ChallengePurpose, number>> = {
  'sign-in': 3_600_000,
  prove: 600_000,
  register: 600_000,
  'create-account': 3_600_000,
}

const timeBytes = 6
const headBytes = timeBytes + 16

/** `keyRing`: its first cookie key makes challenges, all are accepted. */
export function createChallenges(keyRing: Pick<KeyRing, 'follow'>, clock: Clock): Challenges {
  let macKeys: readonly Buffer[] = []
  keyRing.follow(({ cookie }) => {
    macKeys = cookie.map((key) => Buffer.from(hkdfSync('sha256', key, '', 'gatehouse passkey challenge', 32)))
  })
  const macOf = (key: Buffer, head: Buffer, purpose: string, binding: string) =>
    createHmac('sha256', key)
      .update(`${head.toString('base64url')}\n${purpose}\n${binding}`)
      .digest()
  return {
    issue(purpose, binding) {
      const [key] = macKeys
      if (key === undefined) throw new Error('there is no cookie key')
      const head = Buffer.alloc(headBytes)
      head.writeUIntBE(clock.now().getTime(), 0, timeBytes)
      randomBytes(headBytes - timeBytes).copy(head, timeBytes)
      return Buffer.concat([head, macOf(key, head, purpose, binding)]).toString('base64url')
    },
    judge(challenge, purpose, binding) {
      const bytes = Buffer.from(challenge, 'base64url')
      // One spelling each: what is used up is known by its text.
      if (bytes.length !== headBytes + 32 || bytes.toString('base64url') !== challenge) return undefined
      const [head, mac] = [bytes.subarray(0, headBytes), bytes.subarray(headBytes).toString('base64url')]
      const isOurs = macKeys.some((key) => secretsEqual(mac, macOf(key, head, purpose, binding).toString('base64url')))
      const endsAt = head.readUIntBE(0, timeBytes) + ttlMs[purpose]
      if (!isOurs || endsAt <= clock.now().getTime()) return undefined
      return { hash: hashSecret(challenge), expiresAt: new Date(endsAt) }
    },
  }
}
