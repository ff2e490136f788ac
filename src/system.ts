/**
 * The program as an object: both servers, or one of them, from a Config. `gatehouse serve` and every black-box test use this
 * same constructor. Owns wiring and order of start and stop; imports everything, is imported by the command line alone.
 */
import { declaredResource, fileClients, internalUrl, ownClient, sharesPort } from './arrangement.js'
import { bootstrapAccount } from './authorization-server/accounts/bootstrap.js'
import { createPasswordHasher } from './authorization-server/accounts/passwords.js'
import { createSetupLinks, setupLinkUrl } from './authorization-server/accounts/setup-link.js'
import { createAuthorizationServer } from './authorization-server/app.js'
import type { RegistrationOptions } from './authorization-server/options.js'
import { observedAuthorizationServer } from './authorization-server/request-counts.js'
import type { Config } from './config.js'
import { bringUpToDate, embeddedFolder, openDatabase, openKeys, type Part, storageOver } from './databases.js'
import { createApiKeys } from './mcp-server/api-keys.js'
import { createMcpApp, type McpApp } from './mcp-server/app.js'
import { createIssuerMirror } from './mcp-server/issuer-mirror.js'
import { notesMigrations } from './mcp-server/notes-database.js'
import { notesServer } from './mcp-server/notes-server.js'
import { createProofReplayStore, sweepUsedProofs } from './mcp-server/proof-replays.js'
import { observedMcpServer } from './mcp-server/request-counts.js'
import { withRevocations } from './mcp-server/revocations.js'
import { createTokenVerifier } from './mcp-server/token-verifier.js'
import type { Views as McpViews } from './mcp-server/views.js'
import { allowsHost } from './oauth/host-pattern.js'
import { type Observability, openObservability } from './observability/observability.js'
import { type Clock, systemClock } from './platform/clock.js'
import { Closers } from './platform/closers.js'
import { prepareEmbeddedFolders } from './platform/embedded-folders.js'
import { type ListeningServer, listen } from './platform/http.js'
import { joinApps } from './platform/joined-apps.js'
import { createLogger, type Logger } from './platform/log.js'
import { createOperatorFetch } from './platform/operator-fetch.js'
import { createPages, viewsFolder } from './platform/pages.js'
import { randomSecret } from './platform/secrets.js'
import { sweepRegularly } from './platform/sweeper.js'
import type { Tracing } from './platform/tracing-settings.js'
import { createUntrustedFetch } from './platform/untrusted-fetch.js'
import { version } from './platform/version.js'
import { productionWarnings } from './production.js'
import { createAccountStore } from './storage/accounts.js'
import { tendRegularly } from './storage/key-ring.js'
import { authMigrations } from './storage/storage.js'
import { startSweeper } from './storage/sweep.js'

export interface SystemOverrides {
  readonly clock?: Clock
  readonly log?: Logger
  /** Fetches URLs that clients name; tests inject one that reaches their own HTTPS servers. */
  readonly untrustedFetch?: typeof fetch
  /** Spans of requests go there; see platform/tracing.ts. Closed with the system. */
  readonly tracing?: Tracing | undefined
  /** Start only this server; default both. */
  readonly only?: Part | undefined
}

export interface System {
  /** Opens databases, migrates, listens. Resolves when both servers are ready; rejects with one clear line. */
  start(): Promise<void>
  /** Lets requests in flight end, then closes everything. Safe to call at any time, and more than once. */
  close(): Promise<void>
  readonly urls: { readonly issuer: string; readonly resource: string }
  /** After `start`: where the first account is created, when there is none yet. */
  setupLink(): string | undefined
}

interface Parts {
  readonly config: Config
  readonly log: Logger
  readonly clock: Clock
  readonly overrides: SystemOverrides
  readonly closers: Closers
  readonly observability: Observability
  /** By which the MCP server proves to the authorization server in this process that it forwards for somebody. */
  readonly forwarderSecret: string
  /** By which it follows revocations, when the operator gave no credentials. */
  readonly ownSecret: string | undefined
  /** Says that the servers are about to close. */
  readonly stopping: AbortController
}

function registrationOptions({ config }: Parts): RegistrationOptions {
  const { hidesAddresses } = config
  return {
    mode: config.registrationMode,
    limitPerAddress: hidesAddresses ? undefined : config.REGISTRATION_LIMIT_PER_ADDRESS,
    limitTotal: config.REGISTRATION_LIMIT_TOTAL,
  }
}

/** `beside`: the MCP server, when it shares the port. */
async function startAuth(
  parts: Parts,
  listening: (server: ListeningServer) => void,
  beside?: McpApp,
): Promise<string | undefined> {
  const { config, log, clock, overrides, closers, observability } = parts
  const database = observability.database('auth', await openDatabase(config, 'auth', log))
  closers.add(() => database.close())
  await bringUpToDate(config, database, authMigrations, log)
  const storage = await storageOver(config, database, clock)
  closers.add(() => storage.prisma.$disconnect())
  const [plainHasher, keyRing] = await Promise.all([createPasswordHasher(), openKeys(config, storage, log)])
  const hasher = observability.hasher(plainHasher)
  observability.signingKeys(storage)
  const accounts = createAccountStore(storage.prisma, clock)
  const { BOOTSTRAP_EMAIL: email, BOOTSTRAP_PASSWORD: password, PRODUCT_NAME: productName } = config
  if (email !== undefined && password !== undefined) {
    const outcome = await bootstrapAccount(accounts, hasher, { email, password, productName })
    log.info({ outcome }, 'bootstrap account')
  }
  const internal = internalUrl(config, overrides.only)
  const clientHosts = { allowed: config.CLIENT_METADATA_ALLOWED_HOSTS, denied: config.CLIENT_METADATA_DENIED_HOSTS }
  const app = await createAuthorizationServer(
    {
      issuer: config.ISSUER_URL,
      resources: [declaredResource(config)],
      storage,
      keyRing,
      log,
      untrustedFetch: observability.clientFetch(
        overrides.untrustedFetch ??
          createUntrustedFetch({
            timeoutMs: 2_500,
            maxBytes: 65_536,
            maxConcurrent: 60,
            maxConcurrentPerHost: 5,
            allowsHost: (hostname) => allowsHost(clientHosts, hostname),
            allowLoopback: config.dangerouslyAllowLoopbackClientMetadata,
          }),
      ),
      operatorFetch: observability.operatorFetch(createOperatorFetch({ timeoutMs: 5_000, maxBytes: 262_144 })),
      observer: observability.requests(observedAuthorizationServer),
      auditObserver: observability.auditObserver,
      fileClients: fileClients(config),
      trustedAssertionIssuers: config.TRUSTED_ASSERTION_ISSUERS,
      clientFailureMs: 3_000,
      clientHosts,
      trustedProxies: config.TRUSTED_PROXIES,
      hidesAddresses: config.hidesAddresses,
      forwarderSecret: parts.forwarderSecret,
      resourceServerClient: ownClient(config, parts.ownSecret),
      stopping: parts.stopping.signal,
      alsoReady: beside?.ready,
      internalHosts: internal === undefined ? [] : [new URL(internal).host],
      registration: registrationOptions(parts),
      usageLimits: config.usageLimits,
      registrationRules: { allowedPrivateUseRedirects: new Set(config.ALLOWED_PRIVATE_USE_REDIRECTS) },
      offersDeviceFlow: config.DEVICE_FLOW,
      acceptsMetadataDocuments: config.CLIENT_ID_METADATA_DOCUMENTS,
      accessTokenFormat: config.ACCESS_TOKEN_FORMAT,
      accessTokenTtlSeconds: config.ACCESS_TOKEN_TTL_SECONDS,
      refreshTokenTtlSeconds: config.REFRESH_TOKEN_TTL_SECONDS,
      sessionTtlSeconds: config.SESSION_TTL_SECONDS,
      productName,
      accentColor: config.ACCENT_COLOR,
    },
    hasher,
  )
  const served = beside === undefined ? app : joinApps(beside.app, app, beside.isFor)
  const server = await listen(served, config.HOST, config.authPort)
  listening(server)
  closers.add(tendRegularly(keyRing, log))
  closers.add(
    startSweeper(storage, log, {
      idleClientSeconds: config.IDLE_CLIENT_DAYS * 86_400,
      auditRetentionSeconds: config.AUDIT_RETENTION_DAYS === 0 ? undefined : config.AUDIT_RETENTION_DAYS * 86_400,
      observe: (sweep) => observability.sweep('auth', sweep),
    }),
  )
  const token = await createSetupLinks(database.sql, clock).issue()
  return token === undefined ? undefined : setupLinkUrl(config.ISSUER_URL, token)
}

async function openMcp(parts: Parts): Promise<McpApp> {
  const { config, log, clock, overrides, closers, forwarderSecret, observability } = parts
  const database = observability.database('mcp', await openDatabase(config, 'mcp', log))
  closers.add(() => database.close())
  await bringUpToDate(config, database, notesMigrations, log)
  const { RESOURCE_URL: resourceUrl, ISSUER_URL: issuer, PRODUCT_NAME: productName, ACCENT_COLOR: accentColor } = config
  const fetch = observability.operatorFetch(createOperatorFetch({ timeoutMs: 5_000, maxBytes: 1_048_576 }))
  const reach = { issuer, internalUrl: internalUrl(config, overrides.only), fetch, clock }
  const introspection = config.ACCESS_TOKEN_FORMAT === 'jwt' ? undefined : config.introspectionClient
  const apiKeys = config.API_KEYS ? createApiKeys(database.sql, clock) : undefined
  const verify = withRevocations(createTokenVerifier({ ...reach, audience: resourceUrl, introspection, apiKeys }), {
    ...reach,
    log,
    credentials: config.introspectionClient ?? ownClient(config, parts.ownSecret),
    maxSilenceSeconds: config.REVOCATION_MAX_SILENCE_SECONDS,
    stopping: parts.stopping.signal,
  })
  const notes = createMcpApp({
    definition: notesServer(resourceUrl, database, clock, config.RESOURCE_ALIASES),
    issuer,
    verify,
    pages: createPages<McpViews>({ viewsFolder, productName, accentColor }),
    version,
    log,
    clock,
    trustedProxies: config.TRUSTED_PROXIES,
    observer: observability.requests(observedMcpServer([resourceUrl, ...config.RESOURCE_ALIASES])),
    allowedOrigins: config.ALLOWED_ORIGINS,
    readOnly: config.READ_ONLY,
    stopping: parts.stopping.signal,
    rateLimits: config.callLimits,
    dpop: { replays: createProofReplayStore(database.sql), clock, required: config.DPOP_REQUIRED },
    // Pointless where the issuer is at this origin itself.
    issuerMirror:
      config.ISSUER_MIRROR && issuer !== new URL(resourceUrl).origin
        ? createIssuerMirror({ ...reach, forwarderSecret: overrides.only === undefined ? forwarderSecret : undefined })
        : undefined,
  })
  closers.add(
    sweepRegularly(
      observability.sweep('mcp', () => sweepUsedProofs(database.sql, clock)),
      log,
    ),
  )
  closers.add(() => notes.close())
  return notes
}

async function startMcp(parts: Parts, listening: (server: ListeningServer) => void): Promise<void> {
  const { app } = await openMcp(parts)
  listening(await listen(app, parts.config.HOST, parts.config.mcpPort))
}

/** Builds the system; nothing is opened before `start`. */
export function createSystem(config: Config, overrides: SystemOverrides = {}): System {
  const closers = new Closers()
  const servers: ListeningServer[] = []
  const known = {
    config,
    log: overrides.log ?? createLogger(config.LOG_LEVEL),
    clock: overrides.clock ?? systemClock,
    overrides,
    closers,
    forwarderSecret: randomSecret(),
    ownSecret: config.MCP_SERVER_SECRET ?? (overrides.only === undefined ? randomSecret() : undefined),
    stopping: new AbortController(),
  }
  let setupLink: string | undefined
  const close = async () => {
    known.stopping.abort()
    const { STOP_DELAY_SECONDS: delay } = config
    if (delay > 0) await Promise.all(servers.map((server) => server.drain(delay * 1_000)))
    // First no new requests, on either server; then what they stood on.
    await Promise.all(servers.splice(0).map((server) => server.close()))
    await closers.closeAll()
  }
  return {
    urls: { issuer: config.ISSUER_URL, resource: config.RESOURCE_URL },
    setupLink: () => setupLink,
    close,
    start: async () => {
      const wanted = (['auth', 'mcp'] as const).filter(
        (part) => overrides.only === undefined || overrides.only === part,
      )
      const embedded = wanted.filter(
        (part) => (part === 'auth' ? config.DATABASE_URL : config.NOTES_DATABASE_URL) === undefined,
      )
      try {
        const observability = await openObservability({ config, clock: known.clock, tracing: overrides.tracing })
        closers.add(() => observability.close())
        const parts: Parts = { ...known, observability }
        for (const warning of productionWarnings(config, overrides.only)) parts.log.warn(warning)
        await prepareEmbeddedFolders(embedded.map((part) => embeddedFolder(config, part)))
        const listening = (server: ListeningServer) => void servers.push(server)
        if (wanted.length === 2 && sharesPort(config)) {
          setupLink = await startAuth(parts, listening, await openMcp(parts))
          return
        }
        const starting = wanted.map(async (part) => {
          if (part === 'auth') setupLink = await startAuth(parts, listening)
          else await startMcp(parts, listening)
        })
        const failed = (await Promise.allSettled(starting)).find((result) => result.status === 'rejected')
        if (failed !== undefined) throw failed.reason
      } catch (error) {
        await close()
        throw error
      }
    },
  }
}
