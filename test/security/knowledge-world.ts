/** What the attacks of group E start from: issuers of opaque tokens and of JWTs, and the whole product with an issuer that has a path. */
import { addConfidentialClient } from '../authorization-server/server.js'
import type { Browser } from '../support/browser.js'
import { freePort } from '../support/free-port.js'
import { type Stack, startStack } from '../support/stack.js'
import type { Attack, AttackedWorld } from './attack.js'
import { type ProtocolAnswer, post, type ServerWorld, startServerWorld } from './server-world.js'

type Machine = Awaited<ReturnType<typeof addConfidentialClient>>

export interface KnowledgeWorld extends AttackedWorld {
  readonly opaque: ServerWorld
  readonly jwt: ServerWorld
  /** Signed in at `opaque`, so that a token costs a click; the other one at `jwt`. */
  readonly browser: Browser
  readonly jwtBrowser: Browser
  /** Its issuer is at a path. */
  readonly stack: Stack
  /** May introspect the tokens of `opaque` for its own resource. */
  readonly resourceServer: Machine
  /** A resource server for another resource. */
  readonly stranger: Machine
  /** No resource server at all. */
  readonly machine: Machine
  close(): Promise<void>
}

export type Row = Attack<KnowledgeWorld>

export async function startKnowledgeWorld(): Promise<KnowledgeWorld> {
  const opaque = await startServerWorld({ accessTokenFormat: 'opaque' })
  const jwt = await startServerWorld()
  const ISSUER_URL = `http://localhost:${await freePort()}/tenants/auth`
  const stack = await startStack({ database: 'embedded', env: { ISSUER_URL } })
  const [resourceServer, stranger, machine] = await Promise.all([
    addConfidentialClient(opaque.server, { introspects: opaque.server.resource }),
    addConfidentialClient(opaque.server, { introspects: 'https://other.example/mcp' }),
    addConfidentialClient(opaque.server),
  ])
  const secrets = new Set([...opaque.secrets, ...[resourceServer, stranger, machine].map((one) => one.clientSecret)])
  return {
    // What their helpers learn is kept from all logs.
    opaque: { ...opaque, secrets },
    jwt: { ...jwt, secrets },
    stack,
    browser: opaque.server.newBrowser(),
    jwtBrowser: jwt.server.newBrowser(),
    resourceServer,
    stranger,
    machine,
    secrets,
    get logLines() {
      return [...opaque.logLines, ...jwt.logLines, ...stack.logLines]
    },
    close: async () => {
      await Promise.all([opaque.server.close(), jwt.server.close(), stack.close()])
    },
  }
}

/** All that is said of a token that is not the asker's, or none (RFC 7662 §2.2). */
export const inactive = { active: false }

export function introspect(
  { opaque }: KnowledgeWorld,
  token: string,
  by: Machine,
  fields: Readonly<Record<string, string>> = {},
): Promise<ProtocolAnswer> {
  return post(opaque, '/introspect', { token, ...fields }, { authorization: by.authorization })
}
