/**
 * Request objects (OpenID Connect Core §6.1, RFC 9101) are not offered: the engine refuses them with `request_not_supported`. The client
 * waits for that answer with the `state` and by the `response_mode` of its object, which supersede those beside it.
 */
import { decodeJwt } from 'jose'

/** Nothing else of the object is looked at, and its signature means nothing here: anybody may write these two into a URL as well. */
const saysHowToAnswer = ['state', 'response_mode'] as const

function claimsOf(object: string): Readonly<Record<string, unknown>> {
  try {
    return decodeJwt(object)
  } catch {
    // Not a JWT, or an encrypted one.
    return {}
  }
}

/** Changes the parameters of an authorization request that has one request object; leaves all others as they are. */
export function answerAsObjectAsks(parameters: URLSearchParams): void {
  const [object, ...others] = parameters.getAll('request')
  if (object === undefined || others.length > 0) return
  const claims = claimsOf(object)
  for (const name of saysHowToAnswer) {
    const value = claims[name]
    if (typeof value === 'string') parameters.set(name, value)
  }
}
