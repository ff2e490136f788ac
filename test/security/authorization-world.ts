/** What the attacks of group A start from, and the two ways in which a wrong authorization request may end. */
import { expect } from '@jest/globals'
import type { Grant } from '../support/oauth-client.js'
import type { Attack } from './attack.js'
import { answerAt, authorizationUrl, type Changes, expectErrorPage, type ServerWorld } from './server-world.js'

/**
 * Beside the client on this computer: websites, one of the operator's and one that registered itself, and clients that authenticate:
 * two of the operator's, one that registered itself, and one that may sign people in without PKCE (`require_pkce: false`).
 */
export interface AuthorizationWorld extends ServerWorld {
  readonly website: Grant
  readonly stranger: Grant
  readonly secretHolder: AuthenticatedGrant
  readonly keyHolder: Grant
  readonly registeredSecretHolder: Grant
  readonly excepted: AuthenticatedGrant
}

export interface AuthenticatedGrant extends Grant {
  /** The header by which it authenticates. */
  readonly authorization: string
}

export type Row = Attack<AuthorizationWorld>
export type By = 'grant' | 'website' | 'stranger' | 'secretHolder' | 'keyHolder' | 'registeredSecretHolder' | 'excepted'

export const ask = (world: AuthorizationWorld, changes: Changes, by: By, init: RequestInit = {}) =>
  fetch(authorizationUrl(world, changes, world[by]), { redirect: 'manual', ...init })

/** Neither client nor redirect can be believed: a page, and nobody is sent anywhere (RFC 6749 §4.1.2.1). */
export const onPage = (id: Row['id'], name: string, source: string, changes: Changes, by: By = 'website'): Row => ({
  id,
  name,
  source,
  run: async (world) => {
    await expectErrorPage(await ask(world, changes, by, { headers: { accept: 'text/html' } }))
  },
})

/** The request is wrong, its client is known: the error goes there, with `state` and `iss`, and no code. */
export const atClient = (
  id: Row['id'],
  name: string,
  source: string,
  changes: Changes,
  error: string | RegExp,
  by: By = 'website',
): Row => ({
  id,
  name,
  source,
  run: async (world) => {
    const response = await ask(world, changes, by)
    expect(response.status).toBe(303)
    const answer = answerAt({ left: response.headers.get('location') ?? '' }, world[by].redirectUri)
    expect(answer['error']).toMatch(typeof error === 'string' ? new RegExp(`^${error}$`) : error)
    expect(answer['iss']).toBe(world.server.issuer)
    expect(answer['state']).toBe(Array.isArray(changes['state']) ? undefined : 'state-1')
    expect(Object.keys(answer).filter((key) => /^(code|access_token|id_token)$/.test(key))).toEqual([])
  },
})
