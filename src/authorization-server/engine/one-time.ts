/**
 * Single use of client assertions (RFC 7523 §3) and DPoP proofs (RFC 9449 §11.1), by their `jti`. Replaces the engine's own
 * check, which reads and then writes, so that two racing uses would both pass. Here a use is one atomic insert, shared by all
 * processes.
 *
 * The engine asks one question for both kinds and does not say which one it means. The kind follows from what was verified, never
 * from the text of the request: a caller who chooses the namespace chooses one in which the replay is new.
 */
import type { HttpContext, HttpMiddleware } from '../../http/context.js'
import { dpopProofWindowSeconds } from '../../oauth/dpop.js'
import { forgetUses, rememberOnce } from '../../storage/grants/artifacts.js'
import type { Storage } from '../../storage/storage.js'
import type { VerifiedProof } from './dpop-proof.js'
import { currentContext } from './engine-context.js'
import { engineError, rethrowForEngine } from './engine-errors.js'

/** Requests whose client assertion the engine has just verified. Its next question is about that assertion's `jti`. */
const verifiedAssertions = new WeakSet<object>()

/** Names of what each request used up. */
const usedBy = new WeakMap<object, string[]>()

/**
 * Call from the engine's hook for client assertions, which runs after the signature check and right before the question whether the
 * `jti` is new. `test/authorization-server/engine-contract.test.ts` holds the engine to that order.
 */
export function expectAssertionUse(ctx: object): void {
  verifiedAssertions.add(ctx)
}

/**
 * Replaces how the engine remembers. Namespaces: client and `jti` for an assertion, key thumbprint and `jti` for a proof. `proofOf`: the
 * proof that the engine has verified for a request.
 */
export function enforceSingleUse(
  { ReplayDetection }: { readonly ReplayDetection: object },
  storage: Storage,
  proofOf: (ctx: HttpContext) => Promise<VerifiedProof | undefined>,
): void {
  const remember = async (ctx: object, name: string, expiresAt: number): Promise<boolean> => {
    const isNew = await rememberOnce(storage, name, new Date(expiresAt * 1000)).catch(rethrowForEngine)
    if (isNew) usedBy.set(ctx, [...(usedBy.get(ctx) ?? []), name])
    return isNew
  }

  /**
   * A used proof is `invalid_dpop_proof` (RFC 9449 §5). The engine would answer `invalid_grant`, and clients drop their tokens on that
   * instead of signing a new proof. A proof may be dated ahead, so it is remembered for its own window, not for one from now on.
   */
  const useProof = async (ctx: HttpContext, identifier: string): Promise<boolean> => {
    const proof = await proofOf(ctx)
    if (proof?.jti !== identifier) throw new Error('the engine asks about an identifier that it has not verified')
    const name = `proof\n${proof.thumbprint}\n${identifier}`
    const isNew = await remember(ctx, name, proof.iat + dpopProofWindowSeconds + 1)
    if (!isNew) throw engineError('invalid_dpop_proof', { description: 'the DPoP proof was used before' })
    return true
  }

  Object.assign(ReplayDetection, {
    unique: async (clientId: string, identifier: string, expiresAt: number): Promise<boolean> => {
      const ctx = currentContext()
      if (ctx === undefined) throw new Error('the engine asks outside a request')
      if (!verifiedAssertions.delete(ctx)) return useProof(ctx, identifier)
      return remember(ctx, `assertion\n${clientId}\n${identifier}`, expiresAt)
    },
  })
}

function statusOf(error: unknown): number {
  const status = typeof error === 'object' && error !== null ? Reflect.get(error, 'status') : undefined
  return typeof status === 'number' ? status : 500
}

/**
 * Middleware around every endpoint that takes assertions or proofs: a request answered with 429, 503 or another server error uses up
 * neither. HTTP libraries repeat such requests byte by byte after `Retry-After`. Answering the repetition with `invalid_client` would
 * make the client drop its registration. When the database does not answer here either, the uses stay.
 */
export function keepUnusedWhenPutOff(storage: Storage): HttpMiddleware {
  return async (ctx, next) => {
    let status = 500
    try {
      await next()
      status = ctx.status
    } catch (error) {
      status = statusOf(error)
      throw error
    } finally {
      const used = status === 429 || status >= 500 ? usedBy.get(ctx) : undefined
      if (used !== undefined) await forgetUses(storage, used).catch(() => undefined)
    }
  }
}
