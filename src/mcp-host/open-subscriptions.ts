/** Limits open subscriptions: each holds one of the process's connections, which all callers share. */
import { OAuthError } from '../oauth/errors.js'
import { type AccessToken, userOf } from '../resource-server/access-token.js'
import type { Refusal } from '../resource-server/bearer.js'

/** Maximum per process for one person, over all clients; or for a client that acts for nobody. */
export const subscriptionsPerCaller = 100

const retryAfterSeconds = 10

function tooMany(): Refusal {
  const text = 'too many subscriptions are open: end one before you begin another'
  const error = new OAuthError('temporarily_unavailable', text, { status: 429, detail: 'open subscriptions' })
  const headers = { 'cache-control': 'no-store', 'retry-after': String(retryAfterSeconds) }
  return { status: error.status, headers, body: error.toJSON(), error }
}

export interface OpenSubscriptions {
  /** Counts one until `end` is called, or returns the refusal. */
  begin(accessToken: AccessToken): { readonly end: () => void } | { readonly refusal: Refusal }
}

export function createOpenSubscriptions(limit = subscriptionsPerCaller): OpenSubscriptions {
  const open = new Map<string, number>()
  return {
    begin: (accessToken) => {
      const caller = userOf(accessToken) ?? `client ${accessToken.clientId}`
      const count = open.get(caller) ?? 0
      if (count >= limit) return { refusal: tooMany() }
      open.set(caller, count + 1)
      return {
        end: () => {
          const left = (open.get(caller) ?? 1) - 1
          if (left === 0) open.delete(caller)
          else open.set(caller, left)
        },
      }
    },
  }
}
