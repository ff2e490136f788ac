/** What the attacks of group D start from: a browser that is signed in, and clients that prove themselves in each way. */
import { expect } from '@jest/globals'
import { addConfidentialClient } from '../authorization-server/server.js'
import type { Browser } from '../support/browser.js'
import { type ClientKey, newClientKey } from '../support/client-assertion.js'
import { exchangeOf, type IssuedCode, redeem } from '../support/oauth-client.js'
import type { Attack } from './attack.js'
import { type Changes, newCode, type ProtocolAnswer, post, type ServerWorld, startServerWorld } from './server-world.js'

export interface TokenWorld extends ServerWorld {
  /** Signed in, so that a code costs a click. */
  readonly browser: Browser
  readonly machine: Awaited<ReturnType<typeof addConfidentialClient>>
  /** Signs for itself with `key`. */
  readonly signer: string
  readonly key: ClientKey
  /** Token endpoint of another process on the same database. */
  readonly replica: string
}

export type Row = Attack<TokenWorld>

export async function startTokenWorld(): Promise<TokenWorld> {
  const world = await startServerWorld()
  const { server, secrets } = world
  const browser = server.newBrowser()
  await newCode(world, { browser })
  const machine = await addConfidentialClient(server)
  secrets.add(machine.clientSecret).add(machine.authorization.slice('Basic '.length))
  const key = await newClientKey('signer-1', 'ES256')
  const { clientId: signer } = await addConfidentialClient(server, {
    client_secret: undefined,
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [key.publicJwk] },
  })
  return { ...world, browser, machine, signer, key, replica: await server.startReplica() }
}

/** Refused in the form of RFC 6749 §5.2: one of these errors, JSON that nobody keeps, no token. */
export function expectRefusal(
  { status, headers, body, error }: ProtocolAnswer,
  expected: RegExp,
  statuses = [400, 401],
) {
  expect(error).toMatch(expected)
  expect(statuses).toContain(status)
  expect(headers.get('content-type')).toMatch(/^application\/json/)
  expect(headers.get('cache-control')).toMatch(/no-store/)
  // `scope` names the scope that was too much.
  const allowed = ['error', 'error_description', 'scope']
  expect(Object.keys(body).filter((name) => !allowed.includes(name))).toEqual([])
}

/** A token request for a code, bent; refused with this error. The code then still works as it should: nothing was used up. */
export const refusedExchange = (
  id: Row['id'],
  name: string,
  source: string,
  bend: (given: IssuedCode, world: TokenWorld) => Changes | Promise<Changes>,
  error = /^invalid_(grant|request)$/,
): Row => ({
  id,
  name,
  source,
  run: async (world) => {
    const issued = await newCode(world, { browser: world.browser })
    const changes = await bend(issued, world)
    expectRefusal(await post(world, '/token', { ...exchangeOf(world.grant, issued), ...changes }), error)
    expect((await redeem(world.grant, issued.code, issued.codeVerifier)).status).toBe(200)
  },
})
