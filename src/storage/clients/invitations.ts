/**
 * Initial access tokens (RFC 7591 §3): invitations of the operator to register one client. Stored hashed, they expire, and are
 * used up in the same statement that stores the client, so that a refused registration leaves an invitation as it was.
 */

import { hashSecret, randomSecret } from '../../base/secrets.js'
import type { Storage } from '../storage.js'

/** The engine's name for them. */
export const invitationModel = 'InitialAccessToken'

/** A new one, good for one registration within `seconds`. The value is returned this once. */
export async function createInvitation(storage: Storage, seconds: number): Promise<string> {
  const value = randomSecret()
  const issuedAt = Math.floor(storage.clock.now().getTime() / 1000)
  const expiresAt = issuedAt + seconds
  const payload = { kind: invitationModel, iat: issuedAt, exp: expiresAt }
  await storage.prisma.artifact.create({
    data: { model: invitationModel, idHash: hashSecret(value), payload, expiresAt: new Date(expiresAt * 1000) },
    select: { model: true },
  })
  return value
}

/** Makes every invitation void that was not used yet; answers how many. */
export async function withdrawInvitations(storage: Storage): Promise<number> {
  return (await storage.prisma.artifact.deleteMany({ where: { model: invitationModel } })).count
}
