/**
 * Sign-ins that are under way at another identity provider, beside the interactions in the unlogged table. Each row is good once: whoever
 * of several takes it deletes it, and the others find nothing.
 */
import { hashSecret } from '../../base/secrets.js'
import type { Prisma } from '../generated/client.js'
import type { Storage } from '../storage.js'

/** `begun`: the browser is at the provider. `proven`: it came back, and its page has not taken over yet. */
export type ProviderStep = 'begun' | 'proven'

const models = { begun: 'ProviderSignIn', proven: 'ProviderAnswer' } as const satisfies Record<ProviderStep, string>

export type ProviderPayload = Readonly<Record<string, string | number | boolean | null | readonly string[]>>

export interface ProviderSignIns {
  /** `state`: the value that the provider hands back. Stored hashed. */
  put(step: ProviderStep, state: string, payload: ProviderPayload, ttlSeconds: number): Promise<void>
  /**
   * The payload, if `mayTake` says so; then nobody else gets it. A request that may not have it leaves it for the one that may.
   */
  take<T>(step: ProviderStep, state: string, mayTake: (payload: unknown) => T | undefined): Promise<T | undefined>
}

export function createProviderSignIns({ prisma, clock }: Pick<Storage, 'prisma' | 'clock'>): ProviderSignIns {
  const later = (seconds: number) => new Date(clock.now().getTime() + seconds * 1000)
  return {
    put: async (step, state, payload, ttlSeconds) => {
      const row = { model: models[step], idHash: hashSecret(state), expiresAt: later(ttlSeconds) }
      await prisma.ephemeralArtifact.create({ data: { ...row, payload: { ...payload } as Prisma.InputJsonObject } })
    },
    take: async (step, state, mayTake) => {
      const key = { model: models[step], idHash: hashSecret(state) }
      const row = await prisma.ephemeralArtifact.findUnique({ where: { model_idHash: key } })
      const taken = row === null || row.expiresAt <= clock.now() ? undefined : mayTake(row.payload)
      if (taken === undefined) return undefined
      const { count } = await prisma.ephemeralArtifact.deleteMany({ where: key })
      return count === 1 ? taken : undefined
    },
  }
}
