/** The whole product inside the test's process: the same `createSystem` that `gatehouse serve` uses, on real sockets and databases. */
import { readFileSync, rmSync } from 'node:fs'
import { createLogger } from '../../src/base/log.js'
import { describeFailure } from '../../src/cli/failure.js'
import { parseConfig } from '../../src/config/config.js'
import type { SystemOverrides } from '../../src/program/parts.js'
import { createSystem } from '../../src/program/system.js'
import type { Account } from './authorization.js'
import { type Browser, createBrowser } from './browser.js'
import { keepLines } from './known-problems.js'
import { releaseAfterwards } from './opened.js'
import { lowPasswordCost } from './password-cost.js'
import { type StackOptions, stackSettings, testAccount } from './settings.js'

export interface Stack {
  readonly issuer: string
  readonly resource: string
  readonly account: Account
  /** A new browser, signed in nowhere, that knows this stack's two origins. */
  newBrowser(): Browser
  /** Structured log lines so far, one JSON text each. */
  readonly logLines: readonly string[]
  readonly settings: Readonly<Record<string, string>>
  /** Stops it and keeps its data, for another start on the same settings. */
  stop(): Promise<void>
  close(): Promise<void>
}

interface StartOptions extends StackOptions {
  /** The resource of the declaration file that the test is about, if it is not the notes. */
  readonly resource?: string
  readonly overrides?: SystemOverrides
  /** What an operator does with these settings before the first start. */
  readonly prepare?: (settings: Readonly<Record<string, string>>) => Promise<void>
}

/** Starts with exactly these settings. Resolves to what the command line would say when that fails, with the system closed. */
export async function failureOfStart(
  settings: Readonly<Record<string, string>>,
  overrides: SystemOverrides = {},
): Promise<string | undefined> {
  try {
    const config = parseConfig(settings, (path) => readFileSync(path, 'utf8'))
    const system = createSystem(config, { log: createLogger('silent'), ...overrides })
    releaseAfterwards(() => system.close())
    await system.start()
    return undefined
  } catch (error) {
    return describeFailure(error)
  }
}

/** Starts a stack; about half a second once the run's templates exist. */
export async function startStack(options: StartOptions): Promise<Stack> {
  const settings = await stackSettings(options)
  await options.prepare?.(settings)
  const logLines: string[] = []
  const config = parseConfig(settings, (path) => readFileSync(path, 'utf8'))
  const log = createLogger(config.LOG_LEVEL, keepLines(logLines))
  const system = createSystem(config, { log, passwordCost: lowPasswordCost, ...options.overrides })
  releaseAfterwards(() => system.close())
  await system.start()
  const { issuer, resource = options.resource ?? '' } = system.urls
  return {
    issuer,
    resource,
    account: testAccount,
    newBrowser: () => createBrowser([issuer, resource]),
    logLines,
    settings,
    stop: () => system.close(),
    close: async () => {
      await system.close()
      rmSync(config.DATA_DIR, { recursive: true, force: true })
    },
  }
}
