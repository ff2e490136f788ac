/** `gatehouse config print`: what the program would run with. */
import { describeConfig } from '../config.js'
import { type Command, loadConfig, readArguments, UsageError, writeTable } from './command.js'

export const config: Command = {
  name: 'config',
  summary: 'Every setting with its effective value; secrets are masked.',
  usage: ['config print'],
  async run(terminal, args) {
    const { positionals } = readArguments(args, {})
    if (positionals.join(' ') !== 'print') throw new UsageError('say `config print`')
    writeTable(terminal, describeConfig(loadConfig(terminal)))
  },
}
