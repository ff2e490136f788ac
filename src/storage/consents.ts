/** What a person allowed a client before, for the consent page to say so. Never stands in for a grant. */
import type { Storage } from './storage.js'

export interface ConsentKey {
  readonly accountId: string
  readonly clientId: string
  /** Canonical resource, or an empty string for OpenID scopes alone. */
  readonly resource: string
}

/** Scopes allowed before under the same client metadata; empty when the client changed since or was never seen. */
export async function rememberedScopes(storage: Storage, key: ConsentKey, fingerprint: string): Promise<string[]> {
  const row = await storage.prisma.consent.findUnique({ where: { accountId_clientId_resource: key } })
  return row !== null && row.fingerprint === fingerprint ? row.scopes : []
}

/** Adds what was just allowed; starts anew when the client's metadata changed. */
export async function rememberConsent(
  storage: Storage,
  key: ConsentKey,
  fingerprint: string,
  scopes: readonly string[],
): Promise<void> {
  const before = await rememberedScopes(storage, key, fingerprint)
  const state = { scopes: [...new Set([...before, ...scopes])], fingerprint, updatedAt: storage.clock.now() }
  await storage.prisma.consent.upsert({
    where: { accountId_clientId_resource: key },
    create: { ...key, ...state },
    update: state,
  })
}
