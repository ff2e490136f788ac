/** The authorization server alone, on real sockets and a real database, with its storage, clock and log in the test's hands. */
import { z } from 'zod'
import { createAuthorizationServer } from '../../src/authorization-server/app.js'
import { createPasswordHasher, type PasswordCost } from '../../src/authorization-server/login/passwords.js'
import type { AuthorizationServerOptions } from '../../src/authorization-server/options.js'
import type { Clock } from '../../src/base/clock.js'
import { createLogger } from '../../src/base/log.js'
import { createSecretBox, randomSecret } from '../../src/base/secrets.js'
import type { Database } from '../../src/database/database.js'
import { notesResource } from '../../src/notes/notes-resource.js'
import {
  constantDeclarations,
  type Declarations,
  declarationOf,
  defaultTokenRules,
  type TokenRules,
} from '../../src/oauth/declared-resource.js'
import type { NamedClientMetadata } from '../../src/oauth/registration.js'
import type { ResourceDeclaration } from '../../src/oauth/resource.js'
import type { TrustedIssuer } from '../../src/oauth/trusted-issuer.js'
import { noUsageLimits } from '../../src/oauth/usage-limits.js'
import { UntrustedFetchError } from '../../src/outbound/untrusted-fetch-error.js'
import { type AccountStore, createAccountStore } from '../../src/storage/accounts/accounts.js'
import { createAuditTrail } from '../../src/storage/audit/audit.js'
import { type ClientStore, createClientStore, saveClient } from '../../src/storage/clients/clients.js'
import { type KeyPolicy, keyPolicy } from '../../src/storage/keys/key-lifecycle.js'
import { type KeyRing, openKeyRing } from '../../src/storage/keys/key-ring.js'
import { ensureKeys } from '../../src/storage/keys/keys.js'
import { createStorage, type Storage } from '../../src/storage/storage.js'
import type { Account } from '../support/authorization.js'
import { type Browser, createBrowser } from '../support/browser.js'
import { type DatabaseKind, openTestDatabase } from '../support/databases.js'
import { freePort } from '../support/free-port.js'
import { keepLines } from '../support/known-problems.js'
import { listen } from '../support/opened.js'
import { lowPasswordCost } from '../support/password-cost.js'
import { testAccount } from '../support/settings.js'

export interface TestServer {
  readonly issuer: string
  readonly resource: string
  readonly account: Account
  readonly storage: Storage
  readonly accounts: AccountStore
  readonly clients: ClientStore
  readonly logLines: readonly string[]
  /** Nobody tends it by the clock. */
  readonly keyRing: KeyRing
  /** Moves the server's clock; the engine's own clock stays, so a token's `exp` does not move. */
  advance(seconds: number): void
  addAccount(email: string, options?: { disabled?: boolean }): Promise<Account & { readonly id: string }>
  newBrowser(): Browser
  /** Another process of this server, as far as anybody can tell: nothing in common but the database. Returns its token endpoint. */
  startReplica(): Promise<string>
  /** What every process does every two seconds, for this server and all its replicas. */
  tendKeys(): Promise<void>
  close(): Promise<void>
}

export type ServerOptions = Partial<AuthorizationServerOptions> & {
  /** What is declared besides what `declarations` says, which must then be absent. */
  readonly resources?: readonly ResourceDeclaration[]
  readonly trustedAssertionIssuers?: readonly TrustedIssuer[]
  /** Clients that a declaration file gave the server. */
  readonly fileClients?: readonly { readonly metadata: NamedClientMetadata }[]
  readonly accessTokenFormat?: TokenRules['format']
  /** The issuer is https on this port, as behind a proxy that ends TLS. */
  readonly behindTls?: boolean
  readonly refreshGraceSeconds?: number
  /** Time passes by `advance` alone: for a test of which a busy machine must not use up the seconds. */
  readonly clockStands?: boolean
  readonly keyPolicy?: KeyPolicy
  /** Default: a low one. A test of what passwords cost the server takes the product's own. */
  readonly passwordCost?: PasswordCost
  /** Instead of a new one. The server closes it. */
  readonly database?: Database
}

export const resource = 'http://localhost:4000/mcp'

function declarationsOf(options: ServerOptions): Declarations {
  const { resources = [notesResource(resource)], trustedAssertionIssuers: assertionIssuers = [] } = options
  const { accessTokenFormat: format = 'jwt', accessTokenTtlSeconds: ttlSeconds = 600 } = options
  const tokens = { ...defaultTokenRules, format, ttlSeconds }
  return {
    resources: resources.map((each, index) => declarationOf(each, { tokens, isDefault: index === 0 })),
    assertionIssuers,
  }
}

const refuseToFetch = async (): Promise<Response> => {
  throw new UntrustedFetchError('nothing is fetched in this test')
}

export async function startServer(kind: DatabaseKind, options: ServerOptions = {}): Promise<TestServer> {
  let offset = 0
  const startedAt = Date.now()
  const clock: Clock = { now: () => new Date((options.clockStands === true ? startedAt : Date.now()) + offset) }
  const logLines: string[] = []
  const port = await freePort()
  const issuer = options.issuer ?? `${options.behindTls === true ? 'https' : 'http'}://localhost:${port}`
  const storage = createStorage({
    database: options.database ?? (await openTestDatabase(kind, 'auth')),
    secretBox: createSecretBox(randomSecret()),
    clock,
    refreshGraceSeconds: options.refreshGraceSeconds ?? 20,
  })
  const [hasher] = await Promise.all([
    createPasswordHasher({ cost: options.passwordCost ?? lowPasswordCost }),
    ensureKeys(storage),
  ])
  const passwordHash = await hasher.hash(testAccount.password)
  const accounts = createAccountStore({ ...storage, clock })
  const addAccount = async (email: string, { disabled = false } = {}) => {
    const added = await accounts.add({ email, passwordHash })
    if (added === undefined) throw new Error(`${email} is taken`)
    if (disabled) await accounts.disable(added.id)
    return { id: added.id, email, password: testAccount.password }
  }
  const log = createLogger('debug', keepLines(logLines))
  const policy = options.keyPolicy ?? keyPolicy({ rotationDays: 0, leadSeconds: 86_400, sessionTtlSeconds: 86_400 })
  const keyRings: KeyRing[] = []
  const newKeyRing = async () => {
    const ring = await openKeyRing({ storage, policy, audit: createAuditTrail(storage, log) })
    keyRings.push(ring)
    return ring
  }
  const keyRing = await newKeyRing()
  for (const { metadata } of options.fileClients ?? []) await saveClient(storage, metadata.client_id, metadata, 'file')
  const serverOptions: AuthorizationServerOptions = {
    issuer,
    declarations: constantDeclarations(declarationsOf(options)),
    storage,
    keyRing,
    log,
    untrustedFetch: refuseToFetch,
    operatorFetch: refuseToFetch,
    clientFailureMs: 0,
    clientHosts: { allowed: [], denied: [] },
    trustedProxies: [],
    internalHosts: [],
    registration: { mode: 'open', limitPerAddress: 60, limitTotal: 2_000 },
    usageLimits: noUsageLimits,
    registrationRules: { allowedPrivateUseRedirects: new Set(['cursor://anysphere.cursor-mcp/oauth/callback']) },
    offersDeviceFlow: true,
    offersHandOff: true,
    acceptsMetadataDocuments: true,
    accessTokenTtlSeconds: 600,
    refreshTokenTtlSeconds: 30 * 86_400,
    sessionTtlSeconds: 14 * 86_400,
    productName: 'Gatehouse',
    accentColor: '#0b5cad',
    ...options,
  }
  const app = await createAuthorizationServer(serverOptions, hasher)
  const listening = [await listen(app, '127.0.0.1', port)]
  const account = await addAccount(testAccount.email)
  return {
    issuer,
    resource,
    account,
    storage,
    accounts,
    clients: createClientStore(storage),
    logLines,
    keyRing,
    advance: (seconds) => {
      offset += seconds * 1_000
    },
    addAccount,
    newBrowser: () => createBrowser([issuer]),
    startReplica: async () => {
      const replicaPort = await freePort()
      const replica = { ...serverOptions, keyRing: await newKeyRing(), internalHosts: [`localhost:${replicaPort}`] }
      listening.push(await listen(await createAuthorizationServer(replica, hasher), '127.0.0.1', replicaPort))
      return `http://localhost:${replicaPort}/token`
    },
    tendKeys: async () => void (await Promise.all(keyRings.map((ring) => ring.tend()))),
    close: async () => {
      await Promise.all(listening.map((server) => server.close(0)))
      await storage.close()
    },
  }
}

/** A confidential client made by the operator. Returns what it authenticates with. */
export async function addConfidentialClient(
  server: TestServer,
  metadata: Readonly<Record<string, unknown>> = {},
  clientId = `machine-${randomSecret(6)}`,
): Promise<{ readonly clientId: string; readonly clientSecret: string; readonly authorization: string }> {
  const clientSecret = randomSecret()
  await server.clients.save(
    clientId,
    {
      client_id: clientId,
      client_name: 'Machine',
      client_secret: clientSecret,
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      token_endpoint_auth_method: 'client_secret_basic',
      ...metadata,
    },
    'static',
  )
  const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`
  return { clientId, clientSecret, authorization }
}

const objectSchema = z.record(z.string(), z.unknown())

/** A JSON object, or an error that quotes what came instead. */
export async function readJson(response: Response): Promise<Record<string, unknown>> {
  const text = await response.text()
  try {
    return objectSchema.parse(JSON.parse(text))
  } catch {
    throw new Error(`expected a JSON object, got ${response.status}: ${text.slice(0, 300)}`)
  }
}
