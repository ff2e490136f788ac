/** The manual's pages of errors, in Markdown: docs/reference/errors.md and docs/reference/errors/. */
import { errorCodes } from '../problems/error-codes.js'
import { type Explained, type ExplainedGroup, explainedEntries, explainedGroups } from './explained.js'

/** A code span, whatever backticks the text holds. */
function code(text: string): string {
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``
}

function textLines({ texts, errors }: Explained): string[] {
  const answered = errors.map((error) => `[${code(error)}](../errors.md#${error})`).join(', ')
  const lines = texts.map(({ text, isLogged }) => `- ${isLogged ? 'In the log: ' : ''}${code(text)}`)
  return [...(answered === '' ? [] : [`Answered as ${answered}.`, '']), ...lines]
}

/** Shorter where there is one text and no error code: most findings of the doctor. */
function meaningLines(explained: Explained): string[] {
  const { errors, texts, means } = explained
  const [only] = texts
  if (only !== undefined && texts.length === 1 && errors.length === 0) {
    return [`${only.isLogged ? 'In the log: ' : ''}${code(only.text)}. ${means}`]
  }
  const lines = textLines(explained)
  return [...lines, ...(lines.length === 0 ? [] : ['']), means]
}

function entry(explained: Explained): string {
  const changes = explained.changes.map(({ who, what }) => `- **${who}:** ${what}`)
  const shows = `- **To see it:** ${code(explained.shows)}`
  return [`## ${explained.code}`, '', ...meaningLines(explained), '', ...changes, shows].join('\n')
}

const link = ({ code: name, file }: Explained) => `[${name}](errors/${file}.md#${name})`

function codeTable(): string {
  const rows = Object.entries(errorCodes).map(([name, means]) => {
    const entries = explainedEntries.filter(({ errors }) => errors.includes(name)).map(link)
    return `| <a id="${name}"></a>\`${name}\` | ${means} | ${entries.join(', ')} |`
  })
  return ['| `error` | what it tells a client | entries |', '|---|---|---|', ...rows].join('\n')
}

function groupIndex({ title, file, entries }: ExplainedGroup): string {
  const links = entries.map((one) => `<a id="${one.code}"></a>${link(one)}`)
  return `### [${title}](errors/${file}.md)\n\n${links.join(' · ')}`
}

/** Contents of the generated sections, by name. */
export function errorSections(): Readonly<Record<string, string>> {
  const pages = explainedGroups.map(({ file, entries }) => [`errors-${file}`, entries.map(entry).join('\n\n')] as const)
  return {
    'error-codes': codeTable(),
    'error-index': explainedGroups.map(groupIndex).join('\n\n'),
    ...Object.fromEntries(pages),
  }
}
