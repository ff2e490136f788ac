/** `gatehouse doctor`: what a client would stumble over at a deployment, ours or another. Exit status 0, 1 or 2: see `usage`. */

import { readFileSync } from 'node:fs'
import { countOutcomes, diagnose } from '../doctor/doctor.js'
import { reportJson, reportLines } from '../doctor/report.js'
import { canParseUrl } from '../oauth/url.js'
import { createDiagnosticNetwork, type DiagnosticNetworkOptions } from '../platform/diagnostic-network.js'
import { displayText } from '../platform/display-text.js'
import { version } from '../platform/version.js'
import {
  type Command,
  ExitStatus,
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

function readUrl(terminal: Terminal, given: string | undefined): string {
  if (given === undefined) return loadConfig(terminal).RESOURCE_URL
  if (!/^https?:\/\//i.test(given) || !canParseUrl(given) || /[\s\\#]/.test(given)) {
    throw new UsageError('say the MCP URL as clients have it: http(s)://host/path')
  }
  const { username, password } = new URL(given)
  if (username !== '' || password !== '') throw new UsageError('leave user name and password out of the URL')
  return given
}

function readCertificates(path: string): string {
  const text = readFileSync(path, 'utf8')
  if (!text.includes('-----BEGIN CERTIFICATE-----')) throw new UsageError('--ca is a file of certificates in PEM')
  return text
}

function networkOptions(terminal: Terminal, startUrl: string, ca: string | undefined): DiagnosticNetworkOptions {
  const userAgent = `gatehouse-doctor/${version}`
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

export const doctor: Command = {
  name: 'doctor',
  summary: 'Play an MCP client against a deployment. Exit status: 0 nothing failed, 1 something did, 2 could not run.',
  usage: ['doctor [<MCP URL>] [--json] [--ca <file>]'],
  async run(terminal, args) {
    const { values, positionals } = readArguments(args, { json: { type: 'boolean' }, ca: { type: 'string' } })
    const [given, ...surplus] = positionals
    if (surplus.length > 0) throw new UsageError('doctor takes one URL')
    let options: DiagnosticNetworkOptions
    try {
      options = networkOptions(terminal, readUrl(terminal, given), values.ca)
    } catch (error) {
      if (error instanceof UsageError) throw error
      throw new ExitStatus(2, describeFailure(error))
    }
    await examine(terminal, options, values.json ?? false)
  },
}
