/** How the attacks on client authentication ask: for a client's own token, with credentials of their making. */
import { expect } from '@jest/globals'
import { signClientAssertion } from '../support/client-assertion.js'
import { type Changes, post } from './server-world.js'
import { expectRefusal, type Row, type TokenWorld } from './token-world.js'

/** A request for a client's own token, refused. */
export const refused = (
  id: Row['id'],
  name: string,
  source: string,
  make: (
    world: TokenWorld,
  ) => { fields?: Changes; authorization?: string } | Promise<{ fields?: Changes; authorization?: string }>,
  error = /^invalid_client$/,
): Row => ({
  id,
  name,
  source,
  run: async (world) => {
    const { fields = {}, authorization } = await make(world)
    const headers = authorization === undefined ? {} : { authorization }
    const answer = await post(world, '/token', { grant_type: 'client_credentials', ...fields }, headers)
    expectRefusal(answer, error)
    // RFC 6749 §5.2: who tried by header is told so by header.
    if (answer.status === 401 && authorization !== undefined)
      expect(answer.headers.get('www-authenticate')).toMatch(/^Basic /)
  },
})

/** An honest assertion of `signer`, but for these claims. */
export async function assertionFields(
  { key, signer, server }: TokenWorld,
  claims: Readonly<Record<string, unknown>> = {},
): Promise<Changes> {
  return fieldsOf(await signClientAssertion(key, { clientId: signer, audience: server.issuer, claims }))
}

export const fieldsOf = (assertion: string): Changes => ({
  client_assertion: assertion,
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
})
