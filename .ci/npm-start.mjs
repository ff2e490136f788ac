// `npm start` in a fresh clone, as README.md's first lines have it: both servers come up, publish their metadata, and SIGTERM ends them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const [issuer, resource] = ['http://localhost:3917', 'http://localhost:3918/mcp']
const documents = [
  `${issuer}/.well-known/oauth-authorization-server`,
  'http://localhost:3918/.well-known/oauth-protected-resource/mcp',
]
const settings = { ISSUER_URL: issuer, RESOURCE_URL: resource, DATA_DIR: mkdtempSync(join(tmpdir(), 'gatehouse-start-')) }
const child = spawn('npm', ['start'], { env: { ...process.env, ...settings }, stdio: 'inherit' })
const ended = once(child, 'exit')

const isServed = (url) => fetch(url).then(({ ok }) => ok, () => false)
const allServed = async () => (await Promise.all(documents.map(isServed))).every(Boolean)

async function within(seconds, what, holds) {
  for (const end = Date.now() + seconds * 1_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 200))) {
    if (await holds()) return
    if (child.exitCode !== null && what === 'serve') break
  }
  child.kill('SIGKILL')
  console.error(`npm start did not ${what} within ${seconds} s`)
  process.exit(1)
}

await within(180, 'serve', allServed)
child.kill('SIGTERM')
await within(60, 'end', () => child.exitCode !== null || child.signalCode !== null)
await ended
await within(10, 'free its port', async () => !(await isServed(documents[0])))
console.log('npm start: served, and ended on SIGTERM')
