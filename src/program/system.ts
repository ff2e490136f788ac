/**
 * The program as an object: both servers, or one of them, from a Config. `gatehouse serve` and every black-box test use this
 * same constructor. Owns the order of start and stop; auth.ts and mcp.ts wire each server. Is imported by the command line alone.
 */

import { systemClock } from '../base/clock.js'
import { Closers } from '../base/closers.js'
import { createLogger } from '../base/log.js'
import { randomSecret } from '../base/secrets.js'
import type { Config } from '../config/config.js'
import { prepareEmbeddedFolders } from '../database/embedded-folders.js'
import type { ListeningServer } from '../http/http.js'
import { createInProcessRoute } from '../http/in-process-route.js'
import { embeddedFolder } from './databases.js'
import { openObservability } from './observability.js'
import type { Parts, SystemOverrides } from './parts.js'
import { examineMachine } from './preflight.js'
import { productionWarnings } from './production.js'
import { checkSettings } from './settings-check.js'
import { sharesPort } from './topology.js'

export interface System {
  /** Opens databases, migrates, listens. Resolves when both servers are ready; rejects with one clear line. */
  start(): Promise<void>
  /** Lets requests in flight end, then closes everything. Safe to call at any time, and more than once. */
  close(): Promise<void>
  readonly urls: { readonly issuer: string; readonly resource: string }
  /** After `start`: where the first account is created, when there is none yet. */
  setupLink(): string | undefined
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
    issuerRoute: overrides.only === undefined ? createInProcessRoute() : undefined,
    stopping: new AbortController(),
  }
  let setupLink: string | undefined
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
    urls: { issuer: config.ISSUER_URL, resource: config.RESOURCE_URL },
    setupLink: () => setupLink,
    close,
    start: async () => {
      const wanted = (['auth', 'mcp'] as const).filter(
        (part) => overrides.only === undefined || overrides.only === part,
      )
      await checkSettings(config, wanted)
      const taken = await examineMachine(config, wanted)
      if (taken.length > 0) throw new Error(taken.join('\n'))
      const embedded = wanted.filter(
        (part) => (part === 'auth' ? config.DATABASE_URL : config.NOTES_DATABASE_URL) === undefined,
      )
      try {
        const observability = await openObservability({ config, clock: known.clock, tracing: overrides.tracing })
        closers.add(() => observability.close())
        const parts: Parts = { ...known, observability }
        for (const warning of [...config.settingWarnings, ...productionWarnings(config, overrides.only)])
          parts.log.warn(warning)
        await prepareEmbeddedFolders(embedded.map((part) => embeddedFolder(config, part)))
        const listening = (server: ListeningServer) => void servers.push(server)
        if (wanted.length === 2 && sharesPort(config)) {
          const [{ startAuth }, { openMcp }] = await Promise.all([import('./auth.js'), import('./mcp.js')])
          setupLink = await startAuth(parts, listening, await openMcp(parts))
          return
        }
        const starting = wanted.map(async (part) => {
          // Loaded only where wanted: what the other server is made of costs a process 20 MiB.
          if (part === 'auth') setupLink = await (await import('./auth.js')).startAuth(parts, listening)
          else await (await import('./mcp.js')).startMcp(parts, listening)
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
