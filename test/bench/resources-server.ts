/**
 * The authorization server in a process of its own, on an embedded database in memory, with as many resources as it is told: half of them
 * URLs, half families. Answers `memory` with the bytes that it holds after a collection.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createAuthorizationServer } from '../../src/authorization-server/app.js'
import { createPasswordHasher } from '../../src/authorization-server/login/passwords.js'
import { systemClock } from '../../src/base/clock.js'
import { createLogger } from '../../src/base/log.js'
import { createSecretBox, randomSecret } from '../../src/base/secrets.js'
import { openEmbeddedDatabase } from '../../src/database/embedded-database.js'
import { listen } from '../../src/http/http.js'
import { notesResource } from '../../src/notes/notes-resource.js'
import { constantDeclarations, declarationOf } from '../../src/oauth/declared-resource.js'
import { noUsageLimits } from '../../src/oauth/usage-limits.js'
import { createAccountStore } from '../../src/storage/accounts/accounts.js'
import { createAuditTrail } from '../../src/storage/audit/audit.js'
import { createClientStore } from '../../src/storage/clients/clients.js'
import { keyPolicy } from '../../src/storage/keys/key-lifecycle.js'
import { openKeyRing } from '../../src/storage/keys/key-ring.js'
import { ensureKeys } from '../../src/storage/keys/keys.js'
import { createStorage, migrateStorage } from '../../src/storage/storage.js'
import { freePort } from '../support/free-port.js'
import { confidentialClient, people, publicClient } from './fixtures.js'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

const [count = '1'] = process.argv.slice(2)

/** The first is the one that every request names where there is one alone. */
function declared(number: number) {
  const described = notesResource(`https://mcp-${number}.example.com/mcp`)
  const named = { ...described, name: `Server ${number}`, aliases: [`https://old-${number}.example.com/mcp`] }
  if (number % 2 === 0) return declarationOf(named, { id: `server-${number}`, isDefault: number === 0 })
  const url = `https://*.team-${number}.example.com/*`
  return declarationOf({ ...named, name: 'Server {1}', aliases: [] }, { id: `family-${number}`, url, isPattern: true })
}

const issuer = `http://127.0.0.1:${await freePort()}`
const log = createLogger('silent')
const database = await openEmbeddedDatabase('memory')
await migrateStorage(database)
const storage = createStorage({
  database,
  secretBox: createSecretBox(randomSecret()),
  clock: systemClock,
  refreshGraceSeconds: 20,
})
await ensureKeys(storage)
const hasher = await createPasswordHasher()
const accounts = createAccountStore(storage)
for (const { email, password } of people) await accounts.add({ email, passwordHash: await hasher.hash(password) })
const clients = createClientStore(storage)
const confidential = confidentialClient('https://mcp-0.example.com/mcp')
await clients.save(publicClient.client_id, publicClient, 'dynamic')
await clients.save(confidential.client_id, confidential, 'static')
const policy = keyPolicy({ rotationDays: 0, leadSeconds: 86_400, sessionTtlSeconds: 86_400 })
const app = await createAuthorizationServer(
  {
    issuer,
    declarations: constantDeclarations({
      resources: Array.from({ length: Number(count) }, (_, number) => declared(number)),
      assertionIssuers: [],
    }),
    storage,
    keyRing: await openKeyRing({ storage, policy, audit: createAuditTrail(storage, log) }),
    log,
    untrustedFetch: () => Promise.reject(new Error('nothing is fetched here')),
    operatorFetch: () => Promise.reject(new Error('nothing is fetched here')),
    clientFailureMs: 0,
    clientHosts: { allowed: [], denied: [] },
    trustedProxies: [],
    internalHosts: [],
    registration: { mode: 'closed', limitPerAddress: 60, limitTotal: 2_000 },
    usageLimits: noUsageLimits,
    registrationRules: { allowedPrivateUseRedirects: new Set<string>() },
    offersDeviceFlow: true,
    offersHandOff: true,
    acceptsMetadataDocuments: false,
    accessTokenTtlSeconds: 600,
    refreshTokenTtlSeconds: 30 * 86_400,
    sessionTtlSeconds: 14 * 86_400,
    productName: 'Gatehouse',
    accentColor: '#0b5cad',
  },
  hasher,
)
await listen(app, '127.0.0.1', Number(new URL(issuer).port))
const { client_id: clientId, client_secret: clientSecret } = confidential
process.send?.({ origin: issuer, confidential: { clientId, clientSecret } })
process.on('message', () => {
  collect()
  process.send?.(process.memoryUsage().heapUsed)
})
process.once('disconnect', () => process.exit(0))
