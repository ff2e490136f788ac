/** `gatehouse config`: what the program would run with, and whether it would start. */
import { type Config, ConfigError, describeConfig } from '../config/config.js'
import { judgeAll, mistakesOf, withoutWrong } from '../config/judgement.js'
import { FileMistakes } from '../declarations/declaration-file.js'
import type { Part } from '../program/parts-served.js'
import { overruledSettings, productionWarnings } from '../program/production.js'
import { tracingSettings } from '../telemetry/tracing-settings.js'
import {
  type Command,
  loadConfig,
  partNamed,
  readArguments,
  type Terminal,
  UsageError,
  writeLine,
  writeTable,
} from './command.js'

const bothParts: readonly Part[] = ['auth', 'mcp']

/** The settings; those with mistakes as far as they can be judged, and the mistakes. */
function readSettings(terminal: Terminal): { readonly config: Config; readonly mistakes: readonly string[] } {
  try {
    return { config: loadConfig(terminal), mistakes: [] }
  } catch (error) {
    if (!(error instanceof ConfigError) || error.draft === undefined) throw error
    return { config: withoutWrong(error.draft.config, error.draft.wrong), mistakes: error.mistakes }
  }
}

/**
 * Says what a start of `only` would say, in the same words. Without `only` each server is judged by itself, and what one process for
 * both would say is a note. Throws ConfigError for what no start survives. A port that another program has is a note too: a server
 * that runs already has it.
 */
async function check(terminal: Terminal, only: Part | undefined): Promise<void> {
  const { config, mistakes } = readSettings(terminal)
  const { checkSettings } = await import('../program/settings-check.js')
  const { declaredByFile } = await import('../program/declarations/declared-by-file.js')
  const { notesConfig } = await import('../program/declarations/in-force.js')
  const { examineMachine } = await import('../program/preflight.js')
  const parts = only === undefined ? bothParts : [only]
  let taken: readonly string[] = []
  let served = config
  let overruled: readonly string[] = []
  const ofFile = await mistakesOf(async () => {
    const declared = await declaredByFile(config, parts, terminal.environment)
    served = notesConfig(config, declared)
    overruled = overruledSettings(config, declared)
  })
  const judgements = [
    () => tracingSettings(terminal.environment),
    ...parts.map((part) => () => checkSettings(config, [part])),
    async () => {
      taken = await examineMachine(served, parts)
    },
  ]
  try {
    await judgeAll(judgements, mistakes)
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError([...error.mistakes, ...ofFile], error.draft)
    throw error
  }
  if (ofFile.length > 0) throw new FileMistakes(ofFile)

  const warnings = [...config.settingWarnings, ...overruled, ...productionWarnings(config, only)]
  for (const warning of warnings) writeLine(terminal, `warning: ${warning}`)
  const together = only === undefined ? await mistakesOf(() => checkSettings(config, ['auth', 'mcp'])) : []
  for (const mistake of together) writeLine(terminal, `note: not for both servers in one process: ${mistake}`)
  for (const line of taken) writeLine(terminal, `note: at the moment a start ${line}`)
  writeLine(terminal, warnings.length === 0 ? 'The settings are sound.' : 'The servers would start.')
}

export const config: Command = {
  name: 'config',
  summary: 'Every setting with its effective value, secrets masked; or whether the servers would start with them.',
  usage: ['config print', 'config check [auth|mcp]'],
  async run(terminal, args) {
    const { positionals } = readArguments(args, {})
    const [action, ...words] = positionals
    if (action === 'check') return check(terminal, partNamed(words, 'config check'))
    if (action !== 'print' || words.length > 0) throw new UsageError('say `config print` or `config check`')
    writeTable(terminal, describeConfig(loadConfig(terminal)))
  },
}
