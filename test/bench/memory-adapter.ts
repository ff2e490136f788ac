/**
 * The engine's storage in memory, for the bare engine: what its own in-memory adapter does, without that one's limit of 1000
 * entries, which a benchmark would overrun. It never forgets what has expired; a run is too short for that to matter.
 */
import type { Adapter, AdapterPayload } from 'oidc-provider'

export function createMemoryAdapterFactory(): (model: string) => Adapter {
  const byGrant = new Map<string, Set<() => void>>()
  const made = new Map<string, Adapter>()
  const make = (): Adapter => {
    const stored = new Map<string, AdapterPayload>()
    const byUid = new Map<string, string>()
    return {
      upsert: async (id, payload) => {
        stored.set(id, payload)
        if (payload.uid !== undefined) byUid.set(payload.uid, id)
        if (payload.grantId === undefined) return
        const members = byGrant.get(payload.grantId) ?? new Set()
        byGrant.set(
          payload.grantId,
          members.add(() => stored.delete(id)),
        )
      },
      find: async (id) => stored.get(id),
      findByUid: async (uid) => stored.get(byUid.get(uid) ?? ''),
      findByUserCode: async () => undefined,
      consume: async (id) => {
        const payload = stored.get(id)
        if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000)
      },
      destroy: async (id) => void stored.delete(id),
      revokeByGrantId: async (grantId) => {
        for (const forget of byGrant.get(grantId) ?? []) forget()
        byGrant.delete(grantId)
      },
    }
  }
  return (model) => {
    const adapter = made.get(model) ?? make()
    made.set(model, adapter)
    return adapter
  }
}
