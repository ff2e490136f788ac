/** `gatehouse resources discover`: the entry of a server that describes itself, printed to be pasted, or added after one question. */
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { stringify } from 'yaml'
import { version } from '../base/version.js'
import type { Config } from '../config/config.js'
import { discoverServer } from '../discovery/discover.js'
import { discoveredEntry } from '../discovery/discovered-entry.js'
import { protectedResourceUrl } from '../oauth/public-url.js'
import { isLoopbackHost } from '../oauth/redirect-uri.js'
import { createGuardedRequests } from '../outbound/guarded-request.js'
import { ExitStatus, type FlagsOf, loadConfig, type Terminal, UsageError, writeJson } from './command.js'
import { addResource, memberFlags, membersGiven } from './resource-adding.js'

export const discoveryFlags = {
  'token-file': { type: 'string' },
  'token-env': { type: 'string' },
  add: { type: 'boolean' },
  yes: { type: 'boolean' },
} as const

const flags = { ...memberFlags, ...discoveryFlags, json: { type: 'boolean' } } as const

type Flags = FlagsOf<typeof flags>

const limits = { timeoutMs: 10_000, totalMs: 60_000, maxBytes: 1_048_576 } as const

/** Throws an Error that says what is wrong with it. */
function readUrl(asked: string, { ISSUER_URL: issuer }: Config): string {
  let url: string
  try {
    url = protectedResourceUrl(asked)
  } catch (error) {
    throw new Error(`${asked} ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
  if (url.startsWith('http:') && !isLoopbackHost(new URL(issuer).hostname))
    throw new Error(`${url} must be https: only an issuer on localhost has resources there`)
  return url
}

function readToken({ environment }: Terminal, flags: Flags): string | undefined {
  const { 'token-file': file, 'token-env': name } = flags
  if (file === undefined && name === undefined) return undefined
  if (file !== undefined && name !== undefined) throw new UsageError('give --token-file or --token-env, not both')
  const token = (file === undefined ? environment[name ?? ''] : readFileSync(file, 'utf8'))?.trim()
  const place = file ?? name
  if (token === undefined || token === '') throw new Error(`there is no token in ${place}`)
  if (!/^[\x21-\x7e]{1,8192}$/.test(token))
    throw new Error(`${place} must hold one token: a line of visible ASCII characters`)
  return token
}

/** Anything but yes, Ctrl-C and the end of input among it, is no. */
async function isConfirmed(terminal: Terminal, question: string): Promise<boolean> {
  const lines = createInterface({ input: terminal.stdin, terminal: true })
  const ended = new AbortController()
  lines.once('SIGINT', () => ended.abort())
  lines.once('close', () => ended.abort())
  try {
    terminal.stderr.write(question)
    return /^\s*y(es)?\s*$/i.test(await lines.question('', { signal: ended.signal }))
  } catch (error) {
    if (!ended.signal.aborted) throw error
    return false
  } finally {
    lines.close()
    terminal.stderr.write('\n')
  }
}

function judgeFlags({ stdin }: Terminal, { add, yes }: Flags): void {
  if (yes === true && add !== true) throw new UsageError('--yes goes with --add')
  if (add === true && yes !== true && stdin.isTTY !== true)
    throw new UsageError('--add asks before it adds, and there is no terminal: say --yes')
}

export async function discover(terminal: Terminal, asked: string, flags: Flags): Promise<void> {
  judgeFlags(terminal, flags)
  const config = loadConfig(terminal)
  const url = readUrl(asked, config)
  const token = readToken(terminal, flags)
  // Only a server on this machine may lead us to others on it.
  const allowLoopback = isLoopbackHost(new URL(config.ISSUER_URL).hostname) && isLoopbackHost(new URL(url).hostname)
  const requests = createGuardedRequests({ ...limits, allowLoopback, userAgent: `gatehouse-discover/${version}` })
  const target = { url, issuer: config.ISSUER_URL, token }
  const discovered = await discoverServer(requests, target).finally(() => requests.close())
  const { entry, remarks } = discoveredEntry(discovered, membersGiven(flags))
  for (const remark of remarks) terminal.stderr.write(`note: ${remark}\n`)
  if (flags.json === true) writeJson(terminal, { resource: entry, metadata: discovered.metadata.place, notes: remarks })
  else terminal.stdout.write(stringify({ resources: [entry] }, { lineWidth: 0, aliasDuplicateObjects: false }))
  if (flags.add !== true) return
  if (flags.yes !== true && !(await isConfirmed(terminal, `Add it? Type yes to do so: `)))
    throw new ExitStatus(1, 'nothing was added')
  const id = await addResource(terminal, entry)
  terminal.stderr.write(`Added ${id}. Running servers know it within two seconds.\n`)
}
