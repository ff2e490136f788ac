/** The manual's reference of a declaration file, in Markdown, from its schema. */
import { fileJsonSchema } from './file-schema.js'
import { isRaw, type Raw, rawOf, textOf } from './raw.js'

function kindOf(schema: Raw): string {
  const { type, enum: choices, anyOf, items, propertyNames } = schema
  if (Array.isArray(choices)) return choices.map((choice) => `\`${String(choice)}\``).join(', ')
  if (Array.isArray(anyOf)) return anyOf.map((each) => kindOf(rawOf(each))).join(', or ')
  if (type === 'array') return isRaw(items) && items['type'] === 'object' ? 'list' : `list of ${kindOf(rawOf(items))}`
  if (type === 'object') return propertyNames === undefined ? 'object' : 'objects by name'
  const words: Readonly<Record<string, string>> = { string: 'text', boolean: 'true, false', integer: 'whole number' }
  return words[textOf(type) ?? ''] ?? 'any'
}

/** The members of the entries that a schema describes: its own, of its items, or of its values. */
function entryOf(schema: Raw): Raw | undefined {
  if (isRaw(schema['properties'])) return schema
  const { anyOf, items, additionalProperties } = schema
  const inner = [...(Array.isArray(anyOf) ? anyOf : []), items, additionalProperties].filter(isRaw)
  return inner.map(entryOf).find((entry) => entry !== undefined)
}

function tables(title: string, schema: Raw): readonly string[] {
  const entry = entryOf(schema)
  if (entry === undefined) return []
  const required = Array.isArray(entry['required']) ? entry['required'] : []
  const members = Object.entries(rawOf(entry['properties'])).filter(([name]) => name !== '$schema')
  const rows = members.map(([name, value]) => {
    const described = textOf(rawOf(value)['description']) ?? ''
    const needed = required.includes(name) ? ' Needed.' : ''
    const text = `${described}${needed}`.trim().replaceAll('|', '\\|')
    return `| \`${name}\` | ${kindOf(rawOf(value)).replaceAll('|', '\\|')} | ${text} |`.replaceAll('|  |', '| |')
  })
  const inner = members.flatMap(([name, value]) => tables(title === '' ? name : `${title}.${name}`, rawOf(value)))
  const heading = title === '' ? '## The file' : `## \`${title}\``
  return [[heading, '', '| member | is | what it does |', '|---|---|---|', ...rows].join('\n'), ...inner]
}

export function fileReference(): string {
  return tables('', fileJsonSchema()).join('\n\n')
}
