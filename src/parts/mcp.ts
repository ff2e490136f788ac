/** The MCP server, from its database to its port. */
import { internalUrl, ownClient } from '../arrangement.js'
import { type ConnectViews, connectScripts } from '../connect-page/connect-page.js'
import { bringUpToDate, letCommandsIn, openDatabase, operatorSecrets } from '../databases.js'
import { createApiKeys } from '../mcp-server/api-keys.js'
import { createMcpApp, type McpApp } from '../mcp-server/app.js'
import { sweepExpiredRows } from '../mcp-server/expired-rows.js'
import { createIssuerMirror } from '../mcp-server/issuer-mirror.js'
import { notesMigrations } from '../mcp-server/notes-database.js'
import { notesServer } from '../mcp-server/notes-server.js'
import { createProofReplayStore } from '../mcp-server/proof-replays.js'
import { observedMcpServer } from '../mcp-server/request-counts.js'
import { withRevocations } from '../mcp-server/revocations.js'
import { createSharedBuckets } from '../mcp-server/shared-buckets.js'
import { createTokenVerifier } from '../mcp-server/token-verifier.js'
import type { Database } from '../platform/database.js'
import { type ListeningServer, listen } from '../platform/http.js'
import type { Logger } from '../platform/log.js'
import { createOperatorFetch } from '../platform/operator-fetch.js'
import { createPages, viewsFolder } from '../platform/pages.js'
import { sweepRegularly } from '../platform/sweeper.js'
import { version } from '../platform/version.js'
import type { Parts } from './parts.js'

function sharedBuckets({ sql }: Database, log: Logger) {
  const onFailure = (error: unknown) => log.warn({ err: error }, 'calls cannot be counted with the other processes')
  return createSharedBuckets(sql, { onFailure })
}

/** Opened, not listening: its app may be served on the authorization server's port. */
export async function openMcp(parts: Parts): Promise<McpApp> {
  const { config, log, clock, overrides, closers, forwarderSecret, observability } = parts
  const database = observability.database('mcp', await openDatabase(config, 'mcp', log))
  closers.add(() => database.close())
  await bringUpToDate(config, database, notesMigrations, log)
  closers.add(await letCommandsIn(config, 'mcp', database))
  const { RESOURCE_URL: resourceUrl, ISSUER_URL: issuer, PRODUCT_NAME: productName, ACCENT_COLOR: accentColor } = config
  const dispatcher = parts.issuerRoute?.dispatcher
  const fetch = observability.operatorFetch(createOperatorFetch({ timeoutMs: 5_000, maxBytes: 1_048_576, dispatcher }))
  const reach = { issuer, internalUrl: internalUrl(config, overrides.only), dispatcher, fetch, clock }
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
    pages: createPages<ConnectViews>({ viewsFolder, productName, accentColor, scripts: connectScripts }),
    version,
    log,
    clock,
    trustedProxies: config.TRUSTED_PROXIES,
    operatorSecrets: () => operatorSecrets(config, 'mcp', overrides.only),
    observer: observability.requests(observedMcpServer([resourceUrl, ...config.RESOURCE_ALIASES])),
    allowedOrigins: config.ALLOWED_ORIGINS,
    readOnly: config.READ_ONLY,
    stopping: parts.stopping.signal,
    rateLimits: { ...config.callLimits, ...(database.embedded ? {} : { store: sharedBuckets(database, log) }) },
    dpop: { replays: createProofReplayStore(database.sql), clock, required: config.DPOP_REQUIRED },
    // Pointless where every origin is the issuer itself.
    issuerMirror:
      config.ISSUER_MIRROR && [resourceUrl, ...config.RESOURCE_ALIASES].some((url) => new URL(url).origin !== issuer)
        ? createIssuerMirror({ ...reach, forwarderSecret: overrides.only === undefined ? forwarderSecret : undefined })
        : undefined,
  })
  const sweep = observability.sweep('mcp', () => sweepExpiredRows(database.sql, clock))
  closers.add(sweepRegularly(sweep, log))
  closers.add(() => notes.close())
  return notes
}

export async function startMcp(parts: Parts, listening: (server: ListeningServer) => void): Promise<void> {
  const { app } = await openMcp(parts)
  listening(await listen(app, parts.config.HOST, parts.config.mcpPort))
}
