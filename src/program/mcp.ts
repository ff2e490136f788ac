/** The MCP server, from its database to its port. */

import type { Logger } from '../base/log.js'
import { sweepRegularly } from '../base/sweeper.js'
import { version } from '../base/version.js'
import { type ConnectViews, connectScripts } from '../connect-page/connect-page.js'
import type { Database } from '../database/database.js'
import { type ListeningServer, listen } from '../http/http.js'
import { createApiKeys } from '../mcp-host/api-keys.js'
import { createMcpApp, type McpApp } from '../mcp-host/app.js'
import { sweepExpiredRows } from '../mcp-host/expired-rows.js'
import { createIssuerMirror } from '../mcp-host/issuer-mirror.js'
import { createProofReplayStore } from '../mcp-host/proof-replays.js'
import { observedMcpServer } from '../mcp-host/request-counts.js'
import { withRevocations } from '../mcp-host/revocations.js'
import { createSharedBuckets } from '../mcp-host/shared-buckets.js'
import { createTokenVerifier } from '../mcp-host/token-verifier.js'
import { notesMigrations } from '../notes/notes-database.js'
import { notesServer } from '../notes/notes-server.js'
import { createOperatorFetch } from '../outbound/operator-fetch.js'
import { createPages, viewsFolder } from '../pages/pages.js'
import { bringUpToDate, letCommandsIn, openDatabase, operatorSecrets } from './databases.js'
import type { Parts } from './parts.js'
import { internalUrl, ownClient } from './topology.js'

function sharedBuckets({ sql }: Database, log: Logger) {
  const onFailure = (error: unknown) =>
    log.warn({ err: error }, 'call limits are counted per process until the database answers')
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
