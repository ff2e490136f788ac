/**
 * The command line. Owns the list of commands, what goes to which stream, and exit statuses: 0 done, 1 failed with one clear line,
 * 2 called the wrong way; a command that gives a verdict sets its own (ExitStatus). Each command has its own file; none of them owns rules, they call what the servers call.
 */
import { readFileSync } from 'node:fs'
import { FileMistakes } from '../declarations/declaration-file.js'
import { access } from './access.js'
import { accounts } from './accounts.js'
import { apiKeys } from './api-keys.js'
import { audit } from './audit.js'
import { clients } from './clients.js'
import { type Command, ExitStatus, type Terminal, UsageError, writeLine } from './command.js'
import { config } from './config.js'
import { apply, exportCommand, plan, schema } from './declarations.js'
import { doctor } from './doctor.js'
import { explain } from './explain.js'
import { describeFailure } from './failure.js'
import { grants } from './grants.js'
import { groups } from './groups.js'
import { keys } from './keys.js'
import { migrate } from './migrate.js'
import { policy } from './policy.js'
import { resources } from './resources.js'
import { serve } from './serve.js'
import { views } from './views.js'

const commands: readonly Command[] = [
  serve,
  migrate,
  plan,
  apply,
  exportCommand,
  schema,
  resources,
  accounts,
  groups,
  policy,
  clients,
  grants,
  keys,
  access,
  apiKeys,
  audit,
  config,
  doctor,
  explain,
  views,
]

function writeHelp(terminal: Terminal): void {
  writeLine(terminal, 'Gatehouse: an authorization server and an MCP server that enforces what it issues.')
  writeLine(terminal)
  writeLine(terminal, 'Usage: gatehouse <command>')
  writeLine(terminal)
  for (const { usage, summary } of commands) {
    for (const form of usage) writeLine(terminal, `  ${form}`)
    writeLine(terminal, `      ${summary}`)
    writeLine(terminal)
  }
  writeLine(terminal, 'Settings come from the environment; `gatehouse config print` lists them all.')
}

/** The manual's reference of commands, in Markdown. */
export function commandReference(): string {
  const section = ({ name, summary, usage }: Command) => {
    const forms = usage.map((form) => `gatehouse ${form}`).join('\n')
    return `## gatehouse ${name}\n\n${summary}\n\n\`\`\`text\n${forms}\n\`\`\``
  }
  return commands.map(section).join('\n\n')
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : ''
}

async function dispatch(terminal: Terminal, [name, ...args]: readonly string[]): Promise<void> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') return writeHelp(terminal)
  if (name === 'version' || name === '--version' || name === '-v') return writeLine(terminal, version())
  const command = commands.find((candidate) => candidate.name === name)
  if (command === undefined) throw new UsageError(`there is no command ${JSON.stringify(name)}`)
  if (!args.includes('--help') && !args.includes('-h')) return command.run(terminal, args)
  writeLine(terminal, command.summary)
  for (const form of command.usage) writeLine(terminal, `  gatehouse ${form}`)
}

/** Runs one command and answers the exit status. Never throws. */
export async function runCommandLine(terminal: Terminal, args: readonly string[]): Promise<number> {
  try {
    await dispatch(terminal, args)
    return 0
  } catch (error) {
    if (error instanceof ExitStatus && error.message === '') return error.status
    if (error instanceof FileMistakes) {
      for (const line of error.lines) terminal.stderr.write(`${line}\n`)
      return 1
    }
    // It may repeat an argument that was copied from elsewhere, or what another server said: neither steers the terminal.
    terminal.stderr.write(`gatehouse: ${describeFailure(error).replace(/[^\P{C}\n]/gu, '\ufffd')}\n`)
    if (error instanceof ExitStatus) return error.status
    if (!(error instanceof UsageError)) return 1
    terminal.stderr.write('Try `gatehouse help`.\n')
    return 2
  }
}
