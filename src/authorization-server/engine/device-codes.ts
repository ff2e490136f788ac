/**
 * Two moments in the life of a device code (RFC 8628) at which the engine offers no hook. Owns the patches, not what happens then.
 */
import type { HttpContext } from '../../http/context.js'
import { routes } from '../routes.js'
import { currentContext } from './engine-context.js'

export interface DeviceCodeHooks {
  /** Right before a code that a person typed is looked up, once the token of its form held. What it throws is the answer. */
  readonly beforeLookup: (ctx: HttpContext) => Promise<void>
  /** Right before a code for a device is stored for the first time, once the request was found good. What it throws is the answer. */
  readonly beforeIssue: (ctx: HttpContext) => Promise<void>
}

/** The engine's model, as far as it is changed here. */
interface DeviceCodeModel {
  findByUserCode(...given: unknown[]): Promise<unknown>
  readonly prototype: { save(...given: unknown[]): Promise<unknown> }
}

export function hookDeviceCodes(
  { DeviceCode: model }: { readonly DeviceCode: object },
  { beforeLookup, beforeIssue }: DeviceCodeHooks,
): void {
  const DeviceCode = model as DeviceCodeModel
  const { findByUserCode } = DeviceCode
  DeviceCode.findByUserCode = async function findAfterHook(this: DeviceCodeModel, ...given) {
    const ctx = currentContext()
    if (ctx !== undefined) await beforeLookup(ctx)
    return findByUserCode.apply(this, given)
  }
  const { save } = DeviceCode.prototype
  DeviceCode.prototype.save = async function saveAfterHook(this: DeviceCodeModel['prototype'], ...given) {
    const ctx = currentContext()
    // Elsewhere a code is stored that was stored before: with its answer.
    if (ctx?.path === routes.device_authorization) await beforeIssue(ctx)
    return save.apply(this, given)
  }
}
