// One-shot job: on the first start makes the random secrets of the composed stack, each set in the volume of those who need it.
// Later starts change nothing. Never prints a secret. By hand, to change the encryption key (docs/operations/keys.md):
//   docker compose run --rm secrets add-encryption-key          a new one, which seals from the next start on; the others still open
//   docker compose run --rm secrets drop-old-encryption-keys ID all but the first, whose id `gatehouse keys sealed` has printed
// This job reaches no network, so it cannot ask the database itself whether an old key is still needed: the id is the proof that it is not.
import { hkdfSync, randomBytes } from 'node:crypto'
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

/** Renamed into place: a crash leaves no half-written secret. */
function write({ file, mode }, text) {
  const path = join(folder, file)
  writeFileSync(`${path}.unfinished`, `${text}\n`, { mode })
  renameSync(`${path}.unfinished`, path)
}

const encryptionKey = secrets.find(({ file }) => file === 'auth/encryption-key')
const encryptionKeys = () => readFileSync(join(folder, encryptionKey.file), 'utf8').trim().split(/\s+/)
/** As src/base/secrets.ts names keys; says nothing about the key. */
const idOf = (key) =>
  Buffer.from(hkdfSync('sha256', Buffer.from(key, 'base64url'), '', 'gatehouse secret box id', 6)).toString('base64url')
const actions = {
  'add-encryption-key': () => write(encryptionKey, [random(), ...encryptionKeys()].join('\n')),
  'drop-old-encryption-keys': (sealedUnder = '') => {
    const [first] = encryptionKeys()
    if (sealedUnder.trim() !== idOf(first)) {
      const reason = sealedUnder.trim() === '' ? 'say' : 'that is not the id of the first encryption key; say'
      throw new Error(`nothing is dropped: ${reason} what \`docker compose exec -T auth gatehouse keys sealed\` prints`)
    }
    write(encryptionKey, first)
  },
}

try {
  const [action, operand] = process.argv.slice(2)
  if (action !== undefined && !Object.hasOwn(actions, action)) {
    throw new Error(`there is only ${Object.keys(actions).join(' and ')}`)
  }
  for (const name of ['postgres', 'auth', 'notes']) {
    for (const entry of readdirSync(join(folder, name))) {
      if (entry.endsWith('.unfinished')) rmSync(join(folder, name, entry))
    }
  }
  const missing = secrets.filter(({ file }) => !existsSync(join(folder, file)))
  for (const secret of missing) write(secret, secret.make())
  if (action !== undefined) actions[action](operand)
  console.log(missing.length === 0 ? 'secrets: all present' : `secrets: made ${missing.map(({ file }) => file).join(', ')}`)
} catch (error) {
  console.error(`secrets: ${error.message}`)
  process.exit(1)
}
