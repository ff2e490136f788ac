/** `gatehouse config print`: what the program would run with. */
import { type Config, describeConfig } from '../config.js'
import type { Part } from '../databases.js'
import { productionWarnings } from '../production.js'
import { type Command, loadConfig, readArguments, type Terminal, UsageError, writeLine, writeTable } from './command.js'

/** RESOURCE_FILE is for `serve auth` alone, so it says which server these settings are for. */
const partsServed = ({ RESOURCE_FILE: file }: Config): readonly Part[] =>
  file === undefined ? ['auth', 'mcp'] : ['auth']

/** Mistakes are the ConfigError that every command ends with; what is left is to think about. */
async function check(terminal: Terminal): Promise<void> {
  const effective = loadConfig(terminal)
  const { judgeSettings } = await import('../arrangement.js')
  // Each by itself: whether one process could run both on these ports is for a start that does.
  for (const part of partsServed(effective)) judgeSettings(effective, [part])
  const warnings = [...effective.settingWarnings, ...productionWarnings(effective)]
  for (const warning of warnings) writeLine(terminal, `warning: ${warning}`)
  writeLine(terminal, warnings.length === 0 ? 'The settings are sound.' : 'The servers would start.')
}

export const config: Command = {
  name: 'config',
  summary: 'Every setting with its effective value, secrets masked; or what is unsafe about them.',
  usage: ['config print', 'config check'],
  async run(terminal, args) {
    const { positionals } = readArguments(args, {})
    const action = positionals.join(' ')
    if (action === 'check') return check(terminal)
    if (action !== 'print') throw new UsageError('say `config print` or `config check`')
    writeTable(terminal, describeConfig(loadConfig(terminal)))
  },
}
