/**
 * `gatehouse doctor`: what a client would stumble over at a deployment, ours or another; with --local what its operator should mend.
 * Exit status 0, 1 or 2: see `usage`.
 */

import { readFileSync } from 'node:fs'
import { displayText } from '../base/display-text.js'
import { version } from '../base/version.js'
import { createDiagnosticNetwork, type DiagnosticNetworkOptions } from '../doctor/diagnostic-network.js'
import { diagnose } from '../doctor/doctor.js'
import { countOutcomes } from '../doctor/finding.js'
import { diagnoseLocally } from '../doctor/local/local.js'
import { findingsJson, findingsLines, reportJson, reportLines } from '../doctor/report.js'
import { notesIn } from '../oauth/declared-resource.js'
import { canParseUrl } from '../oauth/url.js'
import {
  type Command,
  ExitStatus,
  type FlagsOf,
  loadConfig,
  readArguments,
  type Terminal,
  UsageError,
  writeJson,
  writeLine,
} from './command.js'
import { describeFailure } from './failure.js'

/** Claude waits 10 seconds: what is slower does not work there. */
const limits = { timeoutMs: 10_000, maxBytes: 262_144 } as const

const userAgent = `gatehouse-doctor/${version}`

const flags = { json: { type: 'boolean' }, ca: { type: 'string' }, local: { type: 'boolean' } } as const

type Flags = FlagsOf<typeof flags>

/** Where the notes are declared here: our own MCP server. */
async function ownUrl(terminal: Terminal): Promise<string> {
  const { declaredByFile } = await import('../program/declarations/declared-by-file.js')
  const notes = notesIn(await declaredByFile(loadConfig(terminal), ['mcp'], terminal.environment))
  if (notes === undefined) throw new UsageError('say which MCP URL: no notes are declared here')
  return notes.url
}

async function readUrl(terminal: Terminal, given: string | undefined): Promise<string> {
  if (given === undefined) return ownUrl(terminal)
  if (!/^https?:\/\//i.test(given) || !canParseUrl(given) || /[\s\\#]/.test(given)) {
    throw new UsageError('give the MCP URL as clients have it: http(s)://host/path')
  }
  const { username, password } = new URL(given)
  if (username !== '' || password !== '') throw new UsageError('leave user name and password out of the URL')
  return given
}

/** Status 2 when it cannot be read: nothing was examined then. */
function readCertificates(path: string): string {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new ExitStatus(2, describeFailure(error))
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----')) throw new UsageError('--ca is a file of certificates in PEM')
  return text
}

function networkOptions(terminal: Terminal, startUrl: string, ca: string | undefined): DiagnosticNetworkOptions {
  return {
    startUrl,
    ...limits,
    clock: terminal.clock,
    userAgent,
    ca: ca === undefined ? undefined : readCertificates(ca),
  }
}

async function examine(terminal: Terminal, options: DiagnosticNetworkOptions, asJson: boolean): Promise<void> {
  const network = createDiagnosticNetwork(options)
  const diagnosis = await diagnose(options.startUrl, network, terminal.clock).finally(() => network.close())
  if ('silence' in diagnosis) {
    const detail = displayText(diagnosis.detail, 200)
    throw new ExitStatus(2, `nothing answers at ${displayText(options.startUrl, 200)}: ${detail}`)
  }
  if (asJson) writeJson(terminal, reportJson(diagnosis))
  else for (const line of reportLines(diagnosis)) writeLine(terminal, line)
  if (countOutcomes(diagnosis).failed > 0) throw new ExitStatus(1)
}

/** The local doctor. Wrong settings are findings here, so only a malformed command line ends with status 2. */
async function examineLocally(terminal: Terminal, args: readonly string[], flags: Flags): Promise<void> {
  const [part, ...surplus] = args
  if (surplus.length > 0 || !(part === undefined || part === 'auth' || part === 'mcp')) {
    throw new UsageError('doctor --local takes nothing, auth or mcp')
  }
  // Loaded when needed: examining a remote deployment needs no database.
  const { gatherLocalFacts } = await import('./local-facts.js')
  const ca = flags.ca === undefined ? undefined : readCertificates(flags.ca)
  const facts = await gatherLocalFacts(terminal, { only: part, network: { ...limits, userAgent, ca } })
  const findings = diagnoseLocally(facts)
  const { parts } = facts
  if (flags.json === true) writeJson(terminal, findingsJson({ parts, at: findings.at.toISOString() }, findings))
  else
    for (const line of findingsLines(`Examined ${parts.join(' and ')} from inside.`, findings))
      writeLine(terminal, line)
  if (countOutcomes(findings).failed > 0) throw new ExitStatus(1)
}

export const doctor: Command = {
  name: 'doctor',
  summary:
    "Play an MCP client against a deployment, or examine one's own from inside (--local). Exit status: 0 nothing failed, 1 something did, 2 could not run.",
  usage: ['doctor [<MCP URL>] [--json] [--ca <file>]', 'doctor --local [auth|mcp] [--json] [--ca <file>]'],
  async run(terminal, args) {
    const { values, positionals } = readArguments(args, flags)
    if (values.local === true) return examineLocally(terminal, positionals, values)
    const [given, ...surplus] = positionals
    if (surplus.length > 0) throw new UsageError('doctor takes one URL')
    let options: DiagnosticNetworkOptions
    try {
      options = networkOptions(terminal, await readUrl(terminal, given), values.ca)
    } catch (error) {
      if (error instanceof UsageError || error instanceof ExitStatus) throw error
      throw new ExitStatus(2, describeFailure(error))
    }
    await examine(terminal, options, values.json ?? false)
  },
}
