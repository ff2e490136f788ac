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

/**
 * Keeps what the person last said of each scope: of what was `asked` now, `allowed` counts and the rest is forgotten, so that it is
 * asked as something new the next time. What was not asked stays. Starts anew when the client's metadata changed.
 */
export async function rememberConsent(
  storage: Storage,
  key: ConsentKey,
  fingerprint: string,
  { asked, allowed }: { readonly asked: readonly string[]; readonly allowed: readonly string[] },
): Promise<void> {
  const before = await rememberedScopes(storage, key, fingerprint)
  const scopes = [...new Set([...before.filter((scope) => !asked.includes(scope)), ...allowed])]
  const state = { scopes, fingerprint, updatedAt: storage.clock.now() }
  await storage.prisma.consent.upsert({
    where: { accountId_clientId_resource: key },
    create: { ...key, ...state },
    update: state,
  })
}
