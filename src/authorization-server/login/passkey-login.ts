/** Signing in with a passkey: two factors in one, because the device asks for a PIN, a finger or a face, and says so. */

import { phishingResistantLevel } from '../../oauth/sign-in-levels.js'
import type { LoginMethodKind } from './login-method.js'

/** A key that the device may copy elsewhere is not bound to hardware (RFC 8176 §2). */
export function methodsOfPasskey({ isSynced }: { readonly isSynced: boolean }): readonly string[] {
  return [isSynced ? 'swk' : 'hwk', 'user', 'mfa']
}

export const passkeyLogin: LoginMethodKind = {
  name: 'passkey',
  isGuessable: false,
  create: ({ passkeys }) =>
    passkeys &&
    (async ({ form, challenge: { purpose, binding } }) => {
      const verdict = await passkeys.ceremonies.verifyUse(form.get('credential'), purpose, binding)
      if ('refused' in verdict) return { refused: verdict.refused }
      const { passkey } = verdict
      const { email, passwordHash } = passkey
      const proof = passkeys.store.proofOf(verdict)
      return {
        proof: passwordHash === undefined ? proof : { ...proof, passwordHash },
        acr: phishingResistantLevel,
        amr: methodsOfPasskey(passkey),
        email,
      }
    }),
}
