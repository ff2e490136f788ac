// One-shot job: gives each server its own database and a role that owns it and nothing else. Safe to run again: it creates what is
// missing and sets the roles' passwords to those of the secrets volumes.
import { readFileSync } from 'node:fs'
import pg from 'pg'

const folder = process.env.SECRETS_DIR ?? '/secrets'
const read = (file) => readFileSync(`${folder}/${file}`, 'utf8').trim()

async function ensureDatabase(admin, url) {
  const { username, password, pathname } = new URL(url)
  const role = pg.escapeIdentifier(username)
  const database = pg.escapeIdentifier(pathname.slice(1))
  const { rowCount: roles } = await admin.query('SELECT FROM pg_roles WHERE rolname = $1', [username])
  if (roles === 0) await admin.query(`CREATE ROLE ${role} NOINHERIT`)
  await admin.query(`ALTER ROLE ${role} LOGIN PASSWORD ${pg.escapeLiteral(decodeURIComponent(password))}`)
  const { rowCount: databases } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [pathname.slice(1)])
  if (databases === 0) await admin.query(`CREATE DATABASE ${database} OWNER ${role}`)
  // By default every role may connect to every database.
  await admin.query(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`)
}

function explain(error) {
  if (error.code === '28P01') {
    return 'PostgreSQL refuses the password in the postgres-secrets volume: that volume and postgres-data do not belong together; restore the one that was lost'
  }
  if (error.code === 'ENOENT') return `${error.path} is missing: run the secrets job first`
  return error.message
}

try {
  const urls = [read('auth/database-url'), read('notes/database-url')]
  const { hostname: host, port } = new URL(urls[0])
  const admin = new pg.Client({
    host,
    port: Number(port),
    user: 'postgres',
    database: 'postgres',
    password: read('postgres/password'),
    connectionTimeoutMillis: 10_000,
  })
  await admin.connect()
  for (const url of urls) await ensureDatabase(admin, url)
  await admin.query('REVOKE ALL ON DATABASE postgres FROM PUBLIC')
  await admin.end()
  console.log('databases: ready')
} catch (error) {
  console.error(`databases: ${explain(error)}`)
  process.exit(1)
}
