/** For the attacks on the MCP server as a protected resource: the server, its issuer, and tokens that nobody may use. */
import { expect } from '@jest/globals'
import { parseChallenge } from '../../src/oauth/challenge.js'
import { type McpTestServer, toolCall } from '../mcp-host/mcp-test-server.js'
import type { Attack, AttackedWorld } from './attack.js'

export interface ResourceWorld extends AttackedWorld {
  readonly server: McpTestServer
}

export type Row = Attack<ResourceWorld>

export type Id = Row['id']

/** A call that any good token may make. */
export const whoami = toolCall('whoami')

/** A note that no attack may leave behind. */
export const planted = { title: 'planted', body: 'x' }

/** A good token, written down as a secret. */
export async function goodToken({ server, secrets }: ResourceWorld, scope?: string, user?: string): Promise<string> {
  const token = await server.token(scope, user)
  secrets.add(token)
  return token
}

export type Make = (world: ResourceWorld) => Promise<string> | string

/** Each token is answered with 401 `invalid_token` and the way to a better one. */
export function refusedTokens(id: Id, name: string, source: string, tokens: readonly Make[]): Row {
  return {
    id,
    name,
    source,
    run: async (world) => {
      for (const [index, make] of tokens.entries()) {
        const answer = await world.server.post(whoami, await make(world))
        const challenge = parseChallenge(answer.headers.get('www-authenticate') ?? '')
        expect([index, answer.status, challenge?.parameters['error']]).toEqual([index, 401, 'invalid_token'])
        expect(challenge?.parameters['resource_metadata']).toContain('/.well-known/oauth-protected-resource')
      }
    },
  }
}
