/** The environment a test stack is configured with: free ports, a database of its own, an account that exists from the start. */
import { createMigratedDatabase, type DatabaseKind } from './databases.js'
import { embeddedDataDir } from './embedded-template.js'
import { freePort } from './free-port.js'
import { temporaryFolder } from './run-folder.js'

export interface StackOptions {
  readonly database: DatabaseKind
  /** Overrides and further settings, as environment variables. */
  readonly env?: Readonly<Record<string, string>>
}

/** Long enough for the rules, in no list, and the same everywhere: it opens nothing but throwaway databases. */
export const testAccount = { email: 'ada@example.com', password: 'plum orbit kettle ninety walrus' } as const

/** Settings of a stack nobody else uses. `env` wins, so a second process can share the first one's databases and issuer. */
export async function stackSettings({ database, env = {} }: StackOptions): Promise<Record<string, string>> {
  const embedded = database === 'embedded'
  const dataDir = embedded ? await embeddedDataDir() : temporaryFolder('data')
  const databases: Record<string, string> = embedded
    ? {}
    : {
        DATABASE_URL: env['DATABASE_URL'] ?? (await createMigratedDatabase('auth')),
        NOTES_DATABASE_URL: env['NOTES_DATABASE_URL'] ?? (await createMigratedDatabase('notes')),
      }
  return {
    ISSUER_URL: `http://localhost:${await freePort()}`,
    RESOURCE_URL: `http://localhost:${await freePort()}/mcp`,
    DATA_DIR: dataDir,
    BOOTSTRAP_EMAIL: testAccount.email,
    BOOTSTRAP_PASSWORD: testAccount.password,
    LOG_LEVEL: 'info',
    ...databases,
    ...env,
  }
}
