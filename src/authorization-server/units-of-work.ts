/**
 * Makes each request that reads or writes several things one unit of work: before the engine or a page answers, the unit is opened; after
 * it, the unit is committed and what that came to becomes the answer. Which requests these are, and what their outcomes mean, is declared
 * by their endpoints.
 */
import type { HttpContext, HttpMiddleware } from '../http/context.js'
import type { Whereabouts } from '../storage/grants/whereabouts.js'
import { type UnitOfWork, withinUnit } from '../storage/unit-of-work.js'

/** One kind of request. */
export interface UnitKind {
  /** `undefined` for a request of another kind. */
  open(ctx: HttpContext): UnitOfWork | undefined
  /** Commits what was accepted, before the answer leaves. Not called when the engine or the page threw. */
  close(ctx: HttpContext, unit: UnitOfWork): Promise<void>
}

const units = new WeakMap<object, UnitOfWork>()

/** The unit of the request with this context, ours or the engine's. */
export function unitOf({ state }: { readonly state: object }): UnitOfWork | undefined {
  return units.get(state)
}

/** The one middleware that opens units of work. A request is of the first kind that opens one. */
export function inUnitsOfWork(kinds: readonly UnitKind[], senderOf: (ctx: HttpContext) => Whereabouts): HttpMiddleware {
  return async (ctx, next) => {
    for (const kind of kinds) {
      const unit = kind.open(ctx)
      if (unit === undefined) continue
      unit.sender = () => senderOf(ctx)
      units.set(ctx.state, unit)
      await withinUnit(unit, next)
      return kind.close(ctx, unit)
    }
    return next()
  }
}
