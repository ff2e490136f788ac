/**
 * Reads the shell lines of the manual: as much of the shell as they use. Quotes, comments, `&&`, `|`, redirections, `$(…)`, assignments
 * before a command, and here-documents. A placeholder such as `<email>` is a word.
 */

export interface ShellCommand {
  /** Before the program: `NAME=value`. */
  readonly environment: Readonly<Record<string, string>>
  /** The program and its arguments, without quotes. Variables stay as they are written. */
  readonly words: readonly string[]
}

const token =
  /\s+|#[^\n]*|(?<quoted>(?:'[^']*'|"(?:\$\([^)]*\)|[^"\\]|\\.)*"|<[a-z_]+>|\\.|[^\s'"\\|&;<>#])(?:'[^']*'|"(?:\$\([^)]*\)|[^"\\]|\\.)*"|<[a-z_]+>|\\.|[^\s'"\\|&;<>])*)|(?<operator>&&|\|\||[|;&]|\d?[<>]{1,2})/y

const unquoted = (word: string): string =>
  word.replaceAll(
    /'([^']*)'|"((?:\$\([^)]*\)|[^"\\]|\\.)*)"|\\(.)/g,
    (_, single, double, escaped) => single ?? double ?? escaped,
  )

/** `NAME=value` words at the beginning are the environment. */
function commandOf(words: readonly string[]): ShellCommand {
  const isAssignment = (word: string) => /^[A-Za-z_]\w*=/.test(word)
  const count = words.findIndex((word) => !isAssignment(word))
  const assigned = count === -1 ? words : words.slice(0, count)
  const pairs = assigned.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)])
  return { environment: Object.fromEntries(pairs), words: count === -1 ? [] : words.slice(count) }
}

function commandsOfLine(line: string): ShellCommand[] {
  const commands: ShellCommand[] = []
  let words: string[] = []
  let isFile = false
  const end = () => {
    if (words.length > 0) commands.push(commandOf(words))
    words = []
  }
  const reader = new RegExp(token)
  while (reader.lastIndex < line.length) {
    const at = reader.lastIndex
    const { quoted, operator } = reader.exec(line)?.groups ?? {}
    if (reader.lastIndex === 0) throw new Error(`not a shell line that the manual may have: ${line.slice(at)}`)
    if (quoted !== undefined) {
      // What is substituted is a command, too.
      for (const [, inner = ''] of quoted.matchAll(/\$\(([^)]*)\)/g)) commands.push(...commandsOfLine(inner))
      if (!isFile) words.push(unquoted(quoted))
      isFile = false
    } else if (operator !== undefined) {
      isFile = /[<>]/.test(operator)
      if (!isFile) end()
    }
  }
  end()
  return commands
}

/** The commands of a block, in order. Bodies of here-documents are no commands. Throws an Error for shell that it does not know. */
export function shellCommands(text: string): ShellCommand[] {
  const lines = text
    .replaceAll(/\\\n\s*/g, '')
    .replaceAll(/<<'?(\w+)'?\n[\s\S]*?^\1$/gm, '')
    .split('\n')
  return lines.flatMap(commandsOfLine)
}

/** The bodies of its here-documents. */
export function hereDocuments(text: string): string[] {
  return [...text.matchAll(/<<'?(\w+)'?\n([\s\S]*?)^\1$/gm)].map(([, , body = '']) => body)
}
