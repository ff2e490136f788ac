/** `gatehouse explain`: an entry of the manual's pages of errors, by its code or by the text of an error. */
import { labelled } from '../doctor/report.js'
import { errorCodes } from '../problems/error-codes.js'
import { problemsSaying } from '../problems/find-problem.js'
import { type Command, ExitStatus, readArguments, UsageError, writeLine } from './command.js'
import { type Explained, explainedEntries } from './explained.js'

/** Of what was given, or its part behind the name of a field as a log line, an answer or a page has it. */
function entriesFor(text: string): readonly Explained[] {
  const byCode = explainedEntries.filter(({ code }) => code === text)
  if (byCode.length > 0) return byCode
  const codes = problemsSaying(text)
  const said = explainedEntries.filter(
    ({ code, texts }) => codes.includes(code) || texts.some((one) => one.text === text),
  )
  // The most exact first.
  return [...said].sort((left, right) => codes.indexOf(left.code) - codes.indexOf(right.code)).slice(0, 3)
}

function linesOf({ code, errors, texts, means, changes, shows }: Explained): string[] {
  return [
    `${code}${errors.length === 0 ? '' : ` (${errors.join(', ')})`}`,
    ...texts.flatMap(({ text, isLogged }) => labelled(2, isLogged ? 'log:' : 'says:', text)),
    ...labelled(2, 'means:', means),
    ...changes.flatMap(({ who, what }) => labelled(2, 'change:', `${who}: ${what}`)),
    // Not wrapped, to be copied.
    `  see it:  ${shows}`,
    ...labelled(2, 'manual:', `docs/reference/errors.md#${code}`),
  ]
}

function codeLines(code: string): string[] | undefined {
  const [, means] = Object.entries(errorCodes).find(([name]) => name === code) ?? []
  if (means === undefined) return undefined
  const entries = explainedEntries.filter(({ errors }) => errors.includes(code))
  return [code, ...labelled(2, 'means:', means), ...labelled(2, 'entries:', entries.map((one) => one.code).join(', '))]
}

export const explain: Command = {
  name: 'explain',
  summary:
    'Explain an error, a log line or a finding of the doctor, by its code or its text: what it means, who changes what, how to see it.',
  usage: ['explain <code or text>'],
  async run(terminal, args) {
    const { positionals } = readArguments(args, {})
    const text = positionals.join(' ').trim()
    if (text === '') throw new UsageError('say what to explain: the code or the text of an error')
    const found =
      codeLines(text) ?? entriesFor(text).flatMap((one, index) => [...(index > 0 ? [''] : []), ...linesOf(one)])
    if (found.length === 0) {
      throw new ExitStatus(1, 'no entry has this code or text: give the text of one error, without what surrounds it')
    }
    for (const line of found) writeLine(terminal, line)
  },
}
