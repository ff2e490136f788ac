/** The commands of this program that the manual shows, in shell blocks and in the text, and the forms that the program has. */
import { commandReference } from '../../src/cli/cli.js'
import { pages } from './pages.js'
import { type ShellCommand, shellCommands } from './shell-lines.js'

export interface DocumentedCommand {
  readonly page: string
  readonly environment: Readonly<Record<string, string>>
  /** Without the program's name; placeholders such as `<email>` as they are. */
  readonly args: readonly string[]
}

/** The arguments, if the command runs this program: in a checkout, installed, in a container, or by a shell as another user. */
export function argumentsOf({ words }: Pick<ShellCommand, 'words'>): readonly string[] | undefined {
  const [program = '', ...rest] = words
  if (program === 'node' && /(^|\/)dist\/main\.js$/.test(rest[0] ?? '')) return rest.slice(1)
  if (program === 'runuser') {
    const inner = shellCommands(rest.at(-1) ?? '').map(({ words: [first, ...others] }) => ({
      words: first === 'exec' ? others : [],
    }))
    return inner.map(argumentsOf).find((args) => args !== undefined)
  }
  if (program !== 'docker' || rest[0] !== 'compose') return undefined
  const [verb, ...plain] = rest.slice(1).filter((word) => !['-T', '--rm', '--no-deps'].includes(word))
  const [service = '', ...args] = plain
  if (service !== 'auth' && service !== 'mcp') return undefined
  if (verb === 'exec' && args[0] === 'gatehouse') return args.slice(1)
  return verb === 'run' ? args : undefined
}

/** Of all shell blocks, in the order of the pages. */
export const documentedCommands: readonly DocumentedCommand[] = pages.flatMap(({ path, blocks }) =>
  blocks
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => shellCommands(text))
    .flatMap((command) => {
      const args = argumentsOf(command)
      return args === undefined ? [] : [{ page: path, environment: command.environment, args }]
    }),
)

/** Forms of the command line, as `gatehouse help` prints them: words, placeholders and brackets. */
export const usageForms: readonly string[] = [...commandReference().matchAll(/^gatehouse (.+)$/gm)].map(
  ([, form = '']) => form,
)

/** What is wrong with `gatehouse …` as the text of a page names it: its words and flags must be in a form of that command. */
export function mistakesIn(args: readonly string[]): string[] {
  const [name = '', ...others] = args
  if (['help', '--version', '…'].includes(name) || /^<\w+>$/.test(name)) return []
  const own = usageForms.filter((form) => form.split(' ')[0] === name)
  if (own.length === 0) return [`there is no command ${name}`]
  const [sub] = others
  // The command as such.
  if (sub === undefined) return []
  const forms = own.filter((form) => form.split(' ')[1] === sub)
  // A command without subcommands has forms that begin with a placeholder, a flag or nothing.
  const fitting = forms.length > 0 ? forms : own.filter((form) => !/^[a-z-]+ [a-z]/.test(form))
  if (fitting.length === 0) return [`${name} has no ${sub}`]
  const flags = others.filter((word) => word.startsWith('--'))
  return flags.filter((flag) => !fitting.some((form) => form.includes(flag))).map((flag) => `${name} has no ${flag}`)
}
