/**
 * The program as an object: both servers, or one of them, from a Config. `gatehouse serve` and every black-box test use this
 * same constructor. Owns the order of start and stop; auth.ts and mcp.ts wire each server. Is imported by the command line alone.
 */

import { systemClock } from '../base/clock.js'
import { Closers } from '../base/closers.js'
import { createLogger } from '../base/log.js'
import { randomSecret } from '../base/secrets.js'
import type { Config, Environment } from '../config/config.js'
import { FileMistakes } from '../declarations/declaration-file.js'
import type { ListeningServer } from '../http/http.js'
import { createInProcessRoute } from '../http/in-process-route.js'
import { type Declarations, notesIn } from '../oauth/declared-resource.js'
import { prepareDatabases } from './data-folder.js'
import { declaredByFile, inForceBefore } from './declarations/declared-by-file.js'
import type { FollowedDeclarations } from './declarations/following.js'
import { declaredBy, notesConfig } from './declarations/in-force.js'
import { openObservability } from './observability.js'
import type { DeclaredParts, Parts, SystemOverrides } from './parts.js'
import type { Part } from './parts-served.js'
import { examineMachine } from './preflight.js'
import { overruledSettings, productionWarnings } from './production.js'
import { checkSettings } from './settings-check.js'
import { sharesPort } from './topology.js'

export interface System {
  /** Opens databases, migrates, listens. Resolves when both servers are ready; rejects with one clear line. */
  start(): Promise<void>
  /** Lets requests in flight end, then closes everything. Safe to call at any time, and more than once. */
  close(): Promise<void>
  /** `resource`: of the notes; `undefined` once it is known that there are none. */
  readonly urls: { readonly issuer: string; readonly resource: string | undefined }
  /** Reads the declaration file now, and applies it. */
  reload(): Promise<void>
  /** After `start`: where the first account is created, when there is none yet. */
  setupLink(): string | undefined
}

/** What the followed file declares. With mistakes in it, what was applied before stays in force; rejects with them if nothing was. */
async function judgeFollowed(config: Config, parts: readonly Part[], environment: Environment): Promise<Declarations> {
  try {
    return await declaredByFile(config, parts, environment)
  } catch (error) {
    const before = error instanceof FileMistakes ? await inForceBefore(config, parts) : undefined
    if (before === undefined) throw error
    return declaredBy(config, before)
  }
}

/** Rejects with every mistake in the settings, or with what this machine lacks. Leaves nothing behind. */
async function judgeStart(config: Config, parts: readonly Part[], environment: Environment): Promise<void> {
  await checkSettings(config, parts)
  const declared = await judgeFollowed(config, parts, environment)
  const taken = await examineMachine(notesConfig(config, declared), parts)
  if (taken.length > 0) throw new Error(taken.join('\n'))
}

/** Builds the system; nothing is opened before `start`. */
export function createSystem(config: Config, overrides: SystemOverrides = {}): System {
  const { worker, environment = {} } = overrides
  const startsAll = worker?.startsAll ?? true
  const closers = new Closers()
  const servers: ListeningServer[] = []
  const known = {
    config,
    log: overrides.log ?? createLogger(config.LOG_LEVEL),
    clock: overrides.clock ?? systemClock,
    overrides,
    startsAll,
    closers,
    forwarderSecret: randomSecret(),
    ownSecret: config.MCP_SERVER_SECRET ?? (overrides.only === undefined ? randomSecret() : undefined),
    issuerRoute: overrides.only === undefined ? createInProcessRoute() : undefined,
    stopping: new AbortController(),
  }
  let setupLink: string | undefined
  let declared: FollowedDeclarations | undefined
  const close = async () => {
    known.stopping.abort()
    const { STOP_DELAY_SECONDS: delay } = config
    if (delay > 0) await Promise.all(servers.map((server) => server.drain(delay * 1_000)))
    // First no new requests, on either server; then what they stood on.
    await Promise.all(servers.splice(0).map((server) => server.close()))
    await known.issuerRoute?.close()
    await closers.closeAll()
  }
  return {
    urls: {
      issuer: config.ISSUER_URL,
      get resource() {
        return declared === undefined ? config.RESOURCE_URL : notesIn(declared.live.current())?.url
      },
    },
    reload: async () => void (await declared?.reload()),
    setupLink: () => setupLink,
    close,
    start: async () => {
      const wanted = (['auth', 'mcp'] as const).filter(
        (part) => overrides.only === undefined || overrides.only === part,
      )
      if (startsAll) await judgeStart(config, wanted, environment)
      try {
        const observability = await openObservability({
          config,
          clock: known.clock,
          tracing: overrides.tracing,
          worker,
        })
        closers.add(() => observability.close())
        const opening: Parts = { ...known, observability }
        const warnings = startsAll ? [...config.settingWarnings, ...productionWarnings(config, overrides.only)] : []
        for (const warning of warnings) known.log.warn(warning)
        await prepareDatabases(config, wanted, known.log)
        const listening = (server: ListeningServer) => void servers.push(server)
        // Loaded only where wanted: what the other server is made of costs a process 20 MiB.
        const auth = wanted.includes('auth') ? await import('./auth.js') : undefined
        const issuer = await auth?.openIssuer(opening)
        const mcp = wanted.includes('mcp') ? await import('./mcp.js') : undefined
        const notes = await mcp?.openNotes(opening)
        const followed = issuer?.declared ?? (await notes?.followFile())
        if (followed === undefined) throw new TypeError('neither server is wanted')
        declared = followed
        if (startsAll) for (const warning of overruledSettings(config, followed.live.current())) known.log.warn(warning)
        const served = notesConfig(config, followed.live.current())
        const hasNotes = notesIn(followed.live.current()) !== undefined
        const parts: DeclaredParts = { ...opening, declared: followed }
        const isShared = notes !== undefined && auth !== undefined && sharesPort(served, hasNotes)
        const beside = isShared ? notes.open(parts) : undefined
        const starting = [
          isShared ? undefined : notes?.start(parts, listening),
          issuer &&
            auth?.startAuth(parts, issuer, listening, beside).then((link) => {
              setupLink = link
            }),
        ]
        const failed = (await Promise.allSettled(starting)).find((result) => result.status === 'rejected')
        if (failed !== undefined) throw failed.reason
        closers.add(followed.follow())
      } catch (error) {
        await close()
        throw error
      }
    },
  }
}
