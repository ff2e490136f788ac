/** How old signing keys are, for metrics. Does not open them. */
import type { Storage } from '../storage.js'

export interface KeyAge {
  readonly algorithm: string
  readonly status: string
  /** Of the youngest one of that status. */
  readonly seconds: number
}

export async function signingKeyAges(storage: Storage): Promise<readonly KeyAge[]> {
  const groups = await storage.prisma.signingKey.groupBy({ by: ['algorithm', 'status'], _max: { createdAt: true } })
  const now = storage.clock.now().getTime()
  return groups.flatMap(({ algorithm, status, _max: { createdAt } }) =>
    createdAt === null ? [] : [{ algorithm, status, seconds: (now - createdAt.getTime()) / 1000 }],
  )
}
