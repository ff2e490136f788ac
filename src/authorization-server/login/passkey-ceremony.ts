/**
 * Both ceremonies of WebAuthn: what the browser is asked for, and whether what a device signed holds. The policy is enforced here, on the
 * server, whatever the browser was asked for: user verification, origin, RP ID, challenge, algorithms, attestation.
 */
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import {
  type AnsweredChallenge,
  createPasskeyStore,
  type NewPasskey,
  type PasskeyStore,
  type PasskeyUse,
  type StoredPasskey,
} from '../../storage/factors/passkeys.js'
import type { KeyRing } from '../../storage/keys/key-ring.js'
import type { Storage } from '../../storage/storage.js'
import { type ChallengePurpose, type Challenges, createChallenges } from './challenges.js'
import { assertionOf, hasCertificates, registrationOf } from './posted-credentials.js'
import { type RelyingParty, relyingPartyOf } from './relying-party.js'

/** Why a passkey was not taken: for the log and the audit trail. People read one message. */
export type PasskeyRefusal = 'unreadable' | 'unknown passkey' | 'challenge' | 'user handle' | 'counter' | 'not verified'

export interface ProvenPasskey extends PasskeyUse {
  readonly passkey: StoredPasskey
}

export type PasskeyVerdict<Proven> = Proven | { readonly refused: PasskeyRefusal }

/** The account that a passkey is made for. */
export interface PasskeyOwner {
  readonly id: string
  readonly email: string
  readonly name: string | undefined
}

export interface PasskeyCeremonies {
  /** `navigator.credentials.get`, as JSON. The same for everybody: no account is named, the person chooses. */
  requestOptions(purpose: ChallengePurpose, binding: string): string
  /** `navigator.credentials.create`, as JSON. */
  creationOptions(purpose: ChallengePurpose, binding: string, owner: PasskeyOwner, known: readonly string[]): string
  /** Whose passkey signed: the account is the passkey's own, whatever else the request names. */
  verifyUse(posted: string | null, purpose: ChallengePurpose, binding: string): Promise<PasskeyVerdict<ProvenPasskey>>
  /** A new passkey of this account. */
  verifyNew(
    posted: string | null,
    purpose: ChallengePurpose,
    binding: string,
    accountId: string,
    name: string,
  ): Promise<PasskeyVerdict<{ readonly passkey: NewPasskey; readonly challenge: AnsweredChallenge }>>
}

/** ES256, EdDSA, RS256: what the devices of people can do. */
const algorithms = [-7, -8, -257]
const timeoutMs = 300_000

/** Loaded for the first passkey: most servers start without one, and it is 20 MB. */
const library = () => import('@simplewebauthn/server')

export function createPasskeyCeremonies(
  party: RelyingParty,
  productName: string,
  challenges: Challenges,
  passkeys: Pick<PasskeyStore, 'find'>,
): PasskeyCeremonies {
  const expected = { expectedOrigin: party.origin, expectedRPID: party.id, requireUserVerification: true }

  const verifiedUse = async (response: AuthenticationResponseJSON, passkey: StoredPasskey, challenge: string) => {
    const { verifyAuthenticationResponse } = await library()
    const credential = { id: passkey.id, publicKey: Buffer.from(passkey.publicKey, 'base64url'), counter: 0 }
    // It throws for whatever does not hold. The counter is judged by the database, where two uses at once meet.
    const checked = await verifyAuthenticationResponse({
      ...{ ...expected, response, credential },
      expectedChallenge: challenge,
    }).catch(() => undefined)
    return checked?.verified === true && checked.authenticationInfo.userVerified
      ? checked.authenticationInfo
      : undefined
  }

  return {
    requestOptions: (purpose, binding) =>
      JSON.stringify({
        challenge: challenges.issue(purpose, binding),
        ...{ rpId: party.id, userVerification: 'required', timeout: timeoutMs },
      }),
    creationOptions: (purpose, binding, { id, email, name }, known) =>
      JSON.stringify({
        challenge: challenges.issue(purpose, binding),
        rp: { id: party.id, name: productName },
        user: { id: Buffer.from(id).toString('base64url'), name: email, displayName: name ?? email },
        pubKeyCredParams: algorithms.map((alg) => ({ type: 'public-key', alg })),
        excludeCredentials: known.map((credential) => ({ type: 'public-key', id: credential })),
        authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
        ...{ attestation: 'none', timeout: timeoutMs },
      }),
    async verifyUse(posted, purpose, binding) {
      const read = assertionOf(posted)
      if (read === undefined) return { refused: 'unreadable' }
      const challenge = challenges.judge(read.challenge, purpose, binding)
      if (challenge === undefined) return { refused: 'challenge' }
      const passkey = await passkeys.find(read.response.id)
      if (passkey === undefined) return { refused: 'unknown passkey' }
      // WebAuthn §7.2 step 6: a discoverable credential says whose it is, and that is whose it is here.
      if (read.userHandle !== passkey.accountId) return { refused: 'user handle' }
      const checked = await verifiedUse(read.response, passkey, read.challenge)
      if (checked === undefined || checked.credentialID !== passkey.id) return { refused: 'not verified' }
      const counter = checked.newCounter
      if (counter <= passkey.counter && (counter > 0 || passkey.counter > 0)) return { refused: 'counter' }
      return { passkey, counter, challenge }
    },
    async verifyNew(posted, purpose, binding, accountId, name) {
      const read = registrationOf(posted)
      if (read === undefined) return { refused: 'unreadable' }
      const challenge = challenges.judge(read.challenge, purpose, binding)
      if (challenge === undefined) return { refused: 'challenge' }
      // Nobody asked for it, and a certificate may name addresses to look up: strangers' URLs.
      if (await hasCertificates(read.response)) return { refused: 'not verified' }
      const { verifyRegistrationResponse } = await library()
      const response: RegistrationResponseJSON = read.response
      const checked = await verifyRegistrationResponse({
        ...{ ...expected, response, expectedChallenge: read.challenge },
        ...{ requireUserPresence: true, supportedAlgorithmIDs: algorithms },
      }).catch(() => undefined)
      if (checked?.verified !== true || !checked.registrationInfo.userVerified) return { refused: 'not verified' }
      const { credential, credentialDeviceType } = checked.registrationInfo
      const { id, counter } = credential
      const publicKey = Buffer.from(credential.publicKey).toString('base64url')
      const isSynced = credentialDeviceType === 'multiDevice'
      return { passkey: { id, accountId, publicKey, counter, transports: read.transports, isSynced, name }, challenge }
    },
  }
}

/** `undefined` where browsers offer no passkeys. */
export function createPasskeys({
  issuer,
  productName,
  storage,
  keyRing,
}: {
  readonly issuer: string
  readonly productName: string
  readonly storage: Storage
  readonly keyRing: Pick<KeyRing, 'follow'>
}): { readonly ceremonies: PasskeyCeremonies; readonly store: PasskeyStore } | undefined {
  const party = relyingPartyOf(issuer)
  if (party === undefined) return undefined
  const store = createPasskeyStore(storage)
  const challenges = createChallenges(keyRing, storage.clock)
  return { ceremonies: createPasskeyCeremonies(party, productName, challenges, store), store }
}
