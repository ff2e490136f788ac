/** What the schema finds wrong with a value, as mistakes with their places. */
import type { z } from 'zod'
import type { LocatedDocument, LocatedMistake, Path } from './yaml-document.js'

type Issue = z.core.$ZodIssue

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, step) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, step) : undefined),
    value,
  )
}

/** `ttl`, `aliases[1]`, `resources[0]`; empty for the root. */
export function memberText(path: Path): string {
  const last = path.at(-1)
  if (typeof last !== 'number') return last ?? ''
  return `${memberText(path.slice(0, -1))}[${last}]`
}

const sentence = (path: Path, text: string) => `${memberText(path)} ${text}`.trim()

/** Of alternatives, the one that the value tried to be: its own mistakes say more than that no alternative fits. */
function tried(alternatives: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  return alternatives.find((issues) =>
    issues.every(({ code, path }) => path.length > 0 || code === 'unrecognized_keys'),
  )
}

const pathOf = (issue: Issue): Path => issue.path.map((step) => (typeof step === 'number' ? step : String(step)))

function mistakesOf(issue: Issue, root: unknown, document: LocatedDocument, around: Path): LocatedMistake[] {
  const path = [...around, ...pathOf(issue)]
  if (issue.code === 'unrecognized_keys') {
    const texts = issue.message.split('\n')
    return issue.keys.map((key, index) => ({
      place: document.place([...path, key]),
      text: sentence([key], texts[index] ?? 'is not a member'),
    }))
  }
  if (issue.code === 'invalid_key') {
    return [
      { place: document.place(path), text: sentence([JSON.stringify(path.at(-1))], issue.issues[0]?.message ?? '') },
    ]
  }
  if (issue.code === 'invalid_union') {
    const inner = tried(issue.errors)
    if (inner !== undefined) return inner.flatMap((each) => mistakesOf(each, root, document, path))
  }
  const isMissing = path.length > 0 && valueAt(root, path) === undefined
  return [{ place: document.place(path), text: sentence(path, isMissing ? 'is missing' : issue.message) }]
}

/** `path`: where the value that was judged stands in the document. */
export function shapeMistakes(error: z.ZodError, document: LocatedDocument, path: Path = []): LocatedMistake[] {
  return error.issues.flatMap((issue) => mistakesOf(issue, document.value, document, path))
}
