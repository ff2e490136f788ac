// Asks the servers of this container whether they are ready. With `auth` or `mcp` only that one.
import { readFileSync } from 'node:fs'
import { parseConfig } from '../dist/config/config.js'

const { authPort, mcpPort } = parseConfig(process.env, (path) => readFileSync(path, 'utf8'))
const ports = { auth: authPort, mcp: mcpPort }
const asked = process.argv[2] === undefined ? Object.values(ports) : [ports[process.argv[2]]]

const answers = await Promise.all(
  asked.map((port) => fetch(`http://127.0.0.1:${port}/health/ready`, { signal: AbortSignal.timeout(10_000) })),
)
process.exit(answers.every(({ ok }) => ok) ? 0 : 1)
