/** Fills a database of ours with what the load needs, through our own storage and engine, while no server runs on it. */

import { createEngineClients } from '../../src/authorization-server/engine/engine-clients.js'
import { createProvider } from '../../src/authorization-server/engine/provider.js'
import { createPasswordHasher } from '../../src/authorization-server/login/passwords.js'
import { createResources } from '../../src/authorization-server/resources/resources.js'
import { systemClock } from '../../src/base/clock.js'
import { createLogger } from '../../src/base/log.js'
import { parseConfig } from '../../src/config/config.js'
import { notesResource } from '../../src/notes/notes-resource.js'
import { noUsageLimits } from '../../src/oauth/usage-limits.js'
import { openDatabase, storageOver } from '../../src/program/databases.js'
import { createAccountStore } from '../../src/storage/accounts/accounts.js'
import { createAuditTrail } from '../../src/storage/audit/audit.js'
import { createClientStore } from '../../src/storage/clients/clients.js'
import { keyPolicy } from '../../src/storage/keys/key-lifecycle.js'
import { openKeyRing } from '../../src/storage/keys/key-ring.js'
import { ensureKeys } from '../../src/storage/keys/keys.js'
import { migrateStorage, type Storage } from '../../src/storage/storage.js'
import { declaring } from '../support/declarations.js'
import { type Confidential, confidentialClient, mintCodes, people, publicClient, redirectUri } from './fixtures.js'
import type { Settings } from './serve-process.js'
import type { FlowClient } from './sign-in-flow.js'

export interface Seed {
  readonly client: FlowClient
  readonly confidential: Confidential
  readonly codes: string[]
}

async function addPeople(storage: Storage): Promise<string> {
  const hasher = await createPasswordHasher()
  const accounts = createAccountStore(storage)
  let someone = ''
  for (const { email, password } of people) {
    someone = (await accounts.add({ email, passwordHash: await hasher.hash(password) }))?.id ?? someone
  }
  return someone
}

async function engineOver(storage: Storage, issuer: string, resource: string) {
  const declarations = declaring(notesResource(resource))
  const log = createLogger('silent')
  const policy = keyPolicy({ rotationDays: 0, leadSeconds: 86_400, sessionTtlSeconds: 86_400 })
  const keyRing = await openKeyRing({ storage, policy, audit: createAuditTrail(storage, log) })
  const options = {
    issuer,
    declarations,
    storage,
    keyRing,
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
  } as const
  const resources = createResources(declarations)
  return createProvider({
    options,
    clients: createEngineClients(options, () => undefined),
    resources,
    standing: { storage, resources, audit: createAuditTrail(storage, log) },
    keyRing,
    pages: {
      renderError: () => undefined,
      signOut: () => undefined,
      signedOut: () => undefined,
      postForm: () => undefined,
      device: {
        enterCode: async () => undefined,
        succeeded: async () => undefined,
      },
    },
  })
}

/** Migrates, then adds people, clients and `codeCount` codes. */
export async function seed(settings: Settings, codeCount: number): Promise<Seed> {
  const config = parseConfig(settings, () => '')
  const { ISSUER_URL: issuer, RESOURCE_URL: resource } = config
  const database = await openDatabase(config, 'auth', createLogger('silent'))
  try {
    await migrateStorage(database)
    const storage = await storageOver(config, database, systemClock)
    await ensureKeys(storage)
    const accountId = await addPeople(storage)
    const clients = createClientStore(storage)
    const confidential = confidentialClient(resource)
    await clients.save(publicClient.client_id, publicClient, 'dynamic')
    await clients.save(confidential.client_id, confidential, 'static')
    const client = { clientId: publicClient.client_id, redirectUri, resource }
    const codes = await mintCodes(await engineOver(storage, issuer, resource), client, accountId, codeCount)
    await storage.prisma.$disconnect()
    const { client_id: clientId, client_secret: clientSecret } = confidential
    return { client, confidential: { clientId, clientSecret }, codes }
  } finally {
    await database.close()
  }
}
