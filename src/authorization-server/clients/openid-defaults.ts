/**
 * Members of a client that are about authentication requests of OpenID Connect (Registration §2: `default_max_age`, `require_auth_time`,
 * `default_acr_values`). The engine refuses such a client's requests without the scope `openid`. The members mean nothing there, so
 * the engine does not see them.
 */
import { parseScope } from '../../oauth/scope.js'
import { currentRequest } from '../engine/engine-context.js'
import type { EngineClient } from '../engine/engine-types.js'

const members = ['defaultAcrValues', 'defaultMaxAge', 'requireAuthTime'] as const

/** The engine's names for the routes of an authorization request. */
const authorizationRoutes: ReadonlySet<string | undefined> = new Set([
  'authorization',
  'code_verification',
  'device_authorization',
  'device_resume',
  'pushed_authorization_request',
  'resume',
])

function isWithoutOpenid(): boolean {
  const request = currentRequest()
  if (!authorizationRoutes.has(request?.route)) return false
  const scope = request?.params?.['scope']
  return !parseScope(typeof scope === 'string' ? scope : undefined).includes('openid')
}

/** Hides the members, in place, during requests without `openid`. Everywhere else the client is what it was. */
export function hideOpenidDefaults(client: EngineClient): void {
  for (const member of members) {
    const value = client[member]
    if (value === undefined || value === false) continue
    const get = () => (isWithoutOpenid() ? undefined : value)
    Object.defineProperty(client, member, { get, enumerable: true, configurable: true })
  }
}
