/**
 * Two moments in the life of a device code (RFC 8628) at which the engine offers no hook. Owns the patches, not what happens then.
 */
import { Provider } from 'oidc-provider'
import type { HttpContext } from '../../http/context.js'
import { routes } from '../routes.js'

export interface DeviceCodeHooks {
  /** Right before a code that a person typed is looked up, once the token of its form held. What it throws is the answer. */
  readonly beforeLookup: (ctx: HttpContext) => Promise<void>
  /** Right before a code for a device is stored for the first time, once the request was found good. What it throws is the answer. */
  readonly beforeIssue: (ctx: HttpContext) => Promise<void>
}

export function hookDeviceCodes({ DeviceCode }: Provider, { beforeLookup, beforeIssue }: DeviceCodeHooks): void {
  const current = () => Provider.ctx as unknown as HttpContext | undefined
  const { findByUserCode } = DeviceCode
  DeviceCode.findByUserCode = async function findAfterHook(this: typeof DeviceCode, ...given) {
    const ctx = current()
    if (ctx !== undefined) await beforeLookup(ctx)
    return findByUserCode.apply(this, given)
  }
  const { save } = DeviceCode.prototype
  DeviceCode.prototype.save = async function saveAfterHook(this: InstanceType<typeof DeviceCode>, ...given) {
    const ctx = current()
    // Elsewhere a code is stored that was stored before: with its answer.
    if (ctx?.path === routes.device_authorization) await beforeIssue(ctx)
    return save.apply(this, given)
  }
}
