/** Paces device polling (RFC 8628 §3.2 `interval`, §3.5 `slow_down`), which the engine lacks. */
import type { HttpMiddleware } from '../../http/context.js'
import { noteError } from '../../http/noted-error.js'
import { pollInterval, pollsTooEarly } from '../../storage/grants/device-polls.js'
import type { Storage } from '../../storage/storage.js'
import { formParametersOf } from '../endpoints/parameters.js'
import { routes } from '../routes.js'

/** Lifetime of a device code and its user code. */
export const deviceCodeTtlSeconds = 600

const slowDown = {
  error: 'slow_down',
  error_description: 'poll less often: add five seconds to the interval',
} as const

function isPending(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'error' in body && body.error === 'authorization_pending'
}

/** Middleware ahead of the engine. A decision is never held back: only polls that found none are counted. */
export function paceDevices(storage: Storage): HttpMiddleware {
  return async (ctx, next) => {
    await next()
    if (ctx.method !== 'POST') return
    if (ctx.path === routes.device_authorization && ctx.status === 200) {
      ctx.body = { ...(ctx.body as Readonly<Record<string, unknown>>), interval: pollInterval.first }
    } else if (ctx.path === routes.token && isPending(ctx.body)) {
      const deviceCode = formParametersOf(ctx)?.get('device_code')
      if (!deviceCode || !(await pollsTooEarly(storage, deviceCode, deviceCodeTtlSeconds))) return
      ctx.body = slowDown
      noteError(ctx.state.event, { error: slowDown.error, description: slowDown.error_description })
    }
  }
}
