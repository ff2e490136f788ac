/**
 * The MCP server in a process of its own, with a guard that can be told to accept: for one token it answers without looking,
 * for all others it verifies as the product does. So both kinds of call meet the same process, and only the guard differs.
 */
import type { ConnectViews } from '../../src/connect-page/connect-page.js'
import { createMcpApp } from '../../src/mcp-server/app.js'
import { notesMigrations } from '../../src/mcp-server/notes-database.js'
import { notesServer } from '../../src/mcp-server/notes-server.js'
import { createTokenVerifier } from '../../src/mcp-server/token-verifier.js'
import { systemClock } from '../../src/platform/clock.js'
import { openEmbeddedDatabase } from '../../src/platform/database.js'
import { listen } from '../../src/platform/http.js'
import { createLogger } from '../../src/platform/log.js'
import { migrate } from '../../src/platform/migrate.js'
import { createOperatorFetch } from '../../src/platform/operator-fetch.js'
import { createPages, viewsFolder } from '../../src/platform/pages.js'
import type { AccessToken, TokenVerifier } from '../../src/resource-server/index.js'

const [issuer = '', resource = '', unguardedToken = ''] = process.argv.slice(2)

const anybody: AccessToken = {
  subject: 'account',
  clientId: 'bench-public',
  scopes: ['notes:read', 'notes:write'],
  expiresAt: Math.floor(Date.now() / 1000) + 3600,
  audience: [resource],
  issuer,
  claims: {},
}

const guarded = createTokenVerifier({
  issuer,
  audience: resource,
  fetch: createOperatorFetch({ timeoutMs: 5_000, maxBytes: 1_048_576 }),
  clock: systemClock,
})
const verify: TokenVerifier = async (token) => (token === unguardedToken ? anybody : guarded(token))

const database = await openEmbeddedDatabase('memory')
await migrate(database, notesMigrations)
const { app } = createMcpApp({
  definition: notesServer(resource, database, systemClock),
  issuer,
  verify,
  pages: createPages<ConnectViews>({ viewsFolder, productName: 'Gatehouse', accentColor: '#0b5cad' }),
  version: '0.0.0',
  log: createLogger('info'),
  clock: systemClock,
  trustedProxies: [],
})
const server = await listen(app, '127.0.0.1', 0)
process.send?.({ origin: `http://127.0.0.1:${server.address.port}` })
process.once('disconnect', () => process.exit(0))
