/**
 * The MCP server in a process of its own, with a guard that can be told to accept: for one token it answers without looking,
 * for all others it verifies as the product does. So both kinds of call meet the same process, and only the guard differs.
 */

import { systemClock } from '../../src/base/clock.js'
import { createLogger } from '../../src/base/log.js'
import type { ConnectViews } from '../../src/connect-page/connect-page.js'
import { openEmbeddedDatabase } from '../../src/database/embedded-database.js'
import { migrate } from '../../src/database/migrate.js'
import { listen } from '../../src/http/http.js'
import { createMcpApp } from '../../src/mcp-host/app.js'
import { createTokenVerifier } from '../../src/mcp-host/token-verifier.js'
import { notesMigrations } from '../../src/notes/notes-database.js'
import { notesServer } from '../../src/notes/notes-server.js'
import { createOperatorFetch } from '../../src/outbound/operator-fetch.js'
import { createPages, viewsFolder } from '../../src/pages/pages.js'
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
