/** The MCP server, from its database to its port. */

import type { Logger } from '../base/log.js'
import { sweepRegularly } from '../base/sweeper.js'
import { version } from '../base/version.js'
import { type ConnectViews, connectScripts } from '../connect-page/connect-page.js'
import type { Database } from '../database/database.js'
import type { RequestTarget } from '../http/host-pinning.js'
import { createHttpBase, type HttpApp, type ListeningServer, listen } from '../http/http.js'
import { createApiKeyStore } from '../mcp-host/api-keys.js'
import { createMcpApp, type McpApp } from '../mcp-host/app.js'
import { sweepExpiredRows } from '../mcp-host/expired-rows.js'
import { createIssuerMirror } from '../mcp-host/issuer-mirror.js'
import { createProofReplayStore } from '../mcp-host/proof-replays.js'
import { observedMcpServer } from '../mcp-host/request-counts.js'
import { openRevocations, type RefuseRevoked } from '../mcp-host/revocations.js'
import { createServedDeclarations } from '../mcp-host/served-declarations.js'
import { createSharedBuckets } from '../mcp-host/shared-buckets.js'
import { createTokenVerifier } from '../mcp-host/token-verifier.js'
import { createNotesReadiness, notesMigrations } from '../notes/notes-database.js'
import { notesServer } from '../notes/notes-server.js'
import { type Declarations, type DeclaredResource, notesIn } from '../oauth/declared-resource.js'
import { OAuthError } from '../oauth/errors.js'
import type { ResourceDeclaration } from '../oauth/resource.js'
import { createOperatorFetch } from '../outbound/operator-fetch.js'
import { createPages, viewsFolder } from '../pages/pages.js'
import { brandOf } from './branding.js'
import { bringUpToDate, letCommandsIn, openDatabase, operatorSecrets } from './databases.js'
import { type FollowedDeclarations, openFileCopy } from './declarations/following.js'
import { notesConfig } from './declarations/in-force.js'
import type { DeclaredParts, Parts } from './parts.js'
import { internalUrl, ownClient } from './topology.js'

function sharedBuckets({ sql }: Database, log: Logger) {
  const onFailure = (error: unknown) =>
    log.warn({ err: error }, 'call limits are counted per process until the database answers')
  return createSharedBuckets(sql, { onFailure })
}

/** What is served may change while it is served: the notes move, or are declared no more. */
export interface ServedMcp {
  readonly app: HttpApp
  isFor(target: RequestTarget): boolean
  ready(): Promise<void>
}

/** A server without anything but its health. */
function bareApp(parts: DeclaredParts, port: number, ready: () => Promise<void>): McpApp {
  const { config, log, clock, declared, stopping, overrides } = parts
  const app = createHttpBase({
    log,
    clock,
    origin: `http://localhost:${port}`,
    trustedProxies: config.TRUSTED_PROXIES,
    ready,
    warnings: declared.warnings,
    stopping: stopping.signal,
    peers: overrides.worker?.peers('mcp'),
  })
  app.use(() => {
    throw new OAuthError('invalid_request', 'there is nothing at this address', { status: 404 })
  })
  return { app, isFor: () => false, ready, close: async () => undefined }
}

/** How the issuer is reached, and by which credentials. */
function reachOf(parts: DeclaredParts) {
  const { config, clock, overrides, observability, issuerRoute } = parts
  const dispatcher = issuerRoute?.dispatcher
  const fetch = observability.operatorFetch(createOperatorFetch({ timeoutMs: 5_000, maxBytes: 1_048_576, dispatcher }))
  const credentials = config.introspectionClient ?? ownClient(config, parts.ownSecret)
  return {
    ...{ issuer: config.ISSUER_URL, internalUrl: internalUrl(config, overrides.only), dispatcher, fetch, clock },
    credentials,
  }
}

type Reach = ReturnType<typeof reachOf>

/**
 * Follows what is revoked for the notes, as long as they stay at one URL. An app that takes another's place there knows what the other knew:
 * it would take revoked tokens otherwise, until it has asked, or for as long as the issuer does not answer.
 */
function createFollower(parts: DeclaredParts, reach: Reach) {
  const { config, log, stopping } = parts
  let kept: { readonly url: string | undefined; readonly refuse: RefuseRevoked; readonly ended: AbortController }
  const follow = (url: string | undefined) => {
    const ended = new AbortController()
    const options = {
      ...{ ...reach, log, maxSilenceSeconds: config.REVOCATION_MAX_SILENCE_SECONDS },
      // Where no notes are, there is nothing to be told.
      credentials: url === undefined ? undefined : reach.credentials,
      stopping: AbortSignal.any([stopping.signal, ended.signal]),
    }
    kept = { url, refuse: openRevocations(options), ended }
    return kept
  }
  kept = follow(undefined)
  return (url: string | undefined): RefuseRevoked => {
    if (kept.url === url) return kept.refuse
    kept.ended.abort()
    return follow(url).refuse
  }
}

/** What stays when another app takes the place of one. */
interface Lasting {
  readonly database: Database
  readonly reach: Reach
  readonly port: number
}

/** The notes as these settings and declarations have them. `ended`: aborted when another app takes its place. */
function notesApp(
  parts: DeclaredParts,
  { database, reach, port }: Lasting,
  declarations: Declarations,
  { refuseRevoked, ended }: { readonly refuseRevoked: RefuseRevoked; readonly ended: AbortSignal },
): McpApp {
  const { log, clock, overrides, forwarderSecret, observability, declared } = parts
  const { worker } = overrides
  const notes = notesIn(declarations)
  if (notes === undefined) return bareApp(parts, port, createNotesReadiness(database))
  const config = notesConfig(parts.config, declarations)
  const stopping = AbortSignal.any([parts.stopping.signal, ended])
  const { RESOURCE_URL: resourceUrl, ISSUER_URL: issuer, PRODUCT_NAME: productName, ACCENT_COLOR: accentColor } = config
  const introspection = config.ACCESS_TOKEN_FORMAT === 'jwt' ? undefined : reach.credentials
  const apiKeys = config.API_KEYS ? createApiKeyStore(database.sql) : undefined
  return createMcpApp({
    definition: { ...notesServer(resourceUrl, database, clock, config.RESOURCE_ALIASES), resource: describedBy(notes) },
    issuer,
    verify: refuseRevoked(
      createTokenVerifier({
        ...reach,
        audience: resourceUrl,
        aliases: config.RESOURCE_ALIASES,
        introspection,
        apiKeys,
      }),
    ),
    pages: createPages<ConnectViews>({
      viewsFolder,
      productName,
      accentColor,
      brand: brandOf(config),
      scripts: connectScripts,
    }),
    version,
    log,
    clock,
    trustedProxies: config.TRUSTED_PROXIES,
    operatorSecrets: () => operatorSecrets(config, 'mcp', overrides.only),
    observer: observability.requests(observedMcpServer([resourceUrl, ...config.RESOURCE_ALIASES])),
    allowedOrigins: config.ALLOWED_ORIGINS,
    readOnly: config.READ_ONLY,
    stopping,
    warnings: declared.warnings,
    peers: worker?.peers('mcp'),
    rateLimits: { ...config.callLimits, ...(database.embedded ? {} : { store: sharedBuckets(database, log) }) },
    dpop: { replays: createProofReplayStore(database.sql), clock, required: config.DPOP_REQUIRED },
    // Pointless where every origin is the issuer itself.
    issuerMirror:
      config.ISSUER_MIRROR && [resourceUrl, ...config.RESOURCE_ALIASES].some((url) => new URL(url).origin !== issuer)
        ? createIssuerMirror({ ...reach, forwarderSecret: overrides.only === undefined ? forwarderSecret : undefined })
        : undefined,
  })
}

function describedBy({
  url,
  aliases,
  name,
  description,
  scopes,
  tools,
  defaultScopes,
}: DeclaredResource): ResourceDeclaration {
  return { resource: url, aliases, name, description, scopes, tools, defaultScopes }
}

/** What the app is made from. Where an entry stands and who may ask for what are the issuer's: another app for them would end open streams. */
function servedOf(declarations: Declarations): string {
  const notes = notesIn(declarations)
  return JSON.stringify(notes && [describedBy(notes), notes.tokens.format, notes.tokens.dpop])
}

/** The port that a start with these declarations opens. */
const openedPort = ({ config }: DeclaredParts, declarations: Declarations) => notesConfig(config, declarations).mcpPort

/** Not listening: its app may be served on the authorization server's port. */
function openMcp(parts: DeclaredParts, database: Database): ServedMcp {
  const { log, clock, overrides, closers, observability, declared } = parts
  const { worker } = overrides
  const port = openedPort(parts, declared.live.current())
  const reach = reachOf(parts)
  const followerOf = createFollower(parts, reach)
  const build = (declarations: Declarations) => {
    const ended = new AbortController()
    const refuseRevoked = followerOf(notesIn(declarations)?.url)
    const mcp = notesApp(parts, { database, reach, port }, declarations, { refuseRevoked, ended: ended.signal })
    const listener = mcp.app.callback()
    const close = async () => {
      ended.abort()
      await mcp.close()
    }
    return { ...mcp, listener, close, of: servedOf(declarations) }
  }
  let served = build(declared.live.current())
  declared.live.follow((declarations) => {
    if (servedOf(declarations) === served.of) return
    const before = served
    served = build(declarations)
    before
      .close()
      .catch((error: unknown) => log.warn({ err: error }, 'the notes as they were declared before did not end'))
    const mcpPort = openedPort(parts, declarations)
    if (mcpPort !== port)
      log.warn({ mcpPort }, 'the notes are declared at another port: it is opened at the next start')
  })
  if (worker?.isFirst !== false) {
    const sweep = observability.sweep('mcp', () => sweepExpiredRows(database.sql, clock))
    closers.add(sweepRegularly(sweep, log))
  }
  closers.add(() => served.close())
  return {
    app: { callback: () => (request, response) => served.listener(request, response) },
    isFor: (target) => served.isFor(target),
    ready: () => served.ready(),
  }
}

/** The MCP server's database, migrated, and what is done with it. */
export interface OpenNotes {
  /** The file, where the issuer's database is not here. */
  followFile(): Promise<FollowedDeclarations>
  open(parts: DeclaredParts): ServedMcp
  start(parts: DeclaredParts, listening: (server: ListeningServer) => void): Promise<void>
}

export async function openNotes(parts: Parts): Promise<OpenNotes> {
  const { config, log, clock, overrides, startsAll, closers, observability } = parts
  const database = observability.database('mcp', await openDatabase(config, 'mcp', log))
  closers.add(() => database.close())
  if (startsAll) await bringUpToDate(config, database, notesMigrations, log)
  closers.add(await letCommandsIn(config, 'mcp', database))
  const { environment = {} } = overrides
  return {
    followFile: () =>
      openFileCopy(
        { config, log, environment, applies: false, isStart: startsAll },
        createServedDeclarations(database.sql, clock),
      ),
    open: (declared) => openMcp(declared, database),
    start: async (declared, listening) => {
      const { app } = openMcp(declared, database)
      listening(await listen(app, config.HOST, openedPort(declared, declared.declared.live.current())))
    },
  }
}
