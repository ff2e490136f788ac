/** The grants that the engine lacks, each in a file beside this one. Their rows are in `oauth/grant-types.ts`. */
import { useOf } from '../../storage/clients/client-hygiene.js'
import type { OwnGrant } from '../engine/own-grants.js'
import { unitOf } from '../units-of-work.js'
import { type AssertionGrantParts, createAssertionGrant } from './identity-assertion-grant.js'

/** What any of them needs. */
export type OwnGrantParts = AssertionGrantParts

/** They leave no grant that outlives its access token: the use is written down with it, or the client would be swept. */
function notingUse({ storage }: OwnGrantParts, { handle, ...grant }: OwnGrant): OwnGrant {
  return {
    ...grant,
    handle: (exchange) =>
      handle({
        ...exchange,
        issueAccessToken: async (access) => {
          await exchange.issueAccessToken(access)
          unitOf(exchange.ctx)?.write(useOf(storage, exchange.client.clientId))
        },
      }),
  }
}

/** All of them, as the engine registers them. */
export function createOwnGrants(parts: OwnGrantParts): readonly OwnGrant[] {
  return [createAssertionGrant(parts)].map((grant) => notingUse(parts, grant))
}
