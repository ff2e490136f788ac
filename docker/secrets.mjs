// One-shot job: on the first start makes the random secrets of the composed stack, each set in the volume of those who need it.
// Later starts change nothing. Never prints a secret.
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = process.env.SECRETS_DIR ?? '/secrets'
const random = () => randomBytes(32).toString('base64url')
const sharedWith = (file) =>
  existsSync(join(folder, file)) ? readFileSync(join(folder, file), 'utf8').trim() : undefined
const databaseUrl = (name) => `postgresql://${name}:${random()}@postgres:5432/${name}`

// PostgreSQL reads its password as another user than ours; its volume is mounted nowhere else but in the `databases` job.
const secrets = [
  { file: 'postgres/password', mode: 0o444, make: random },
  { file: 'auth/database-url', mode: 0o400, make: () => databaseUrl('gatehouse_auth') },
  { file: 'auth/encryption-key', mode: 0o400, make: random },
  { file: 'notes/database-url', mode: 0o400, make: () => databaseUrl('gatehouse_notes') },
  // Both servers have it, each in its own volume: whichever is there is copied.
  { file: 'auth/mcp-server-secret', mode: 0o400, make: () => sharedWith('notes/mcp-server-secret') ?? random() },
  { file: 'notes/mcp-server-secret', mode: 0o400, make: () => sharedWith('auth/mcp-server-secret') ?? random() },
]

try {
  for (const name of ['postgres', 'auth', 'notes']) {
    for (const entry of readdirSync(join(folder, name))) {
      if (entry.endsWith('.unfinished')) rmSync(join(folder, name, entry))
    }
  }
  const missing = secrets.filter(({ file }) => !existsSync(join(folder, file)))
  for (const { file, mode, make } of missing) {
    const path = join(folder, file)
    // Renamed into place: a crash leaves no half-written secret.
    writeFileSync(`${path}.unfinished`, `${make()}\n`, { mode })
    renameSync(`${path}.unfinished`, path)
  }
  console.log(missing.length === 0 ? 'secrets: all present' : `secrets: made ${missing.map(({ file }) => file).join(', ')}`)
} catch (error) {
  console.error(`secrets: ${error.message}`)
  process.exit(1)
}
