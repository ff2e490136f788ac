/** The texts that the sources can say: literals of this program and of the engine, with `{}` for what a template fills in. */
import { readdirSync, readFileSync } from 'node:fs'

const root = new URL('../../', import.meta.url)

export interface Source {
  /** Relative to the root of the repository. */
  readonly path: string
  /** Without comments. */
  readonly text: string
}

/** Regular expressions may hold quotes. */
const expression = /(?<=[=(,:?!&|[]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\n\\])*\]|[^/\n\\[])+\/[a-z]*/g

const withoutComments = (text: string) =>
  text
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/(^|\s)\/\/.*$/gm, '$1')
    .replaceAll(expression, '0')

export function sourcesIn(folder: string, extension: string): readonly Source[] {
  return readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(extension) && !/generated/.test(file))
    .map((file) => `${folder}${file}`)
    .map((path) => ({ path, text: withoutComments(readFileSync(new URL(path, root), 'utf8')) }))
}

/** The end of the literal that begins at `start`, and its text. A `${…}` is `{}`, whatever it nests. */
function literalAt(text: string, start: number): { readonly literal: string; readonly end: number } {
  const quote = text[start]
  let literal = ''
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at] ?? ''
    if (character === quote) return { literal, end: at + 1 }
    if (character === '\n' && quote !== '`') return { literal: '', end: start + 1 }
    if (character === '\\') {
      const escaped = text[++at] ?? ''
      literal += escaped === 'n' ? '\n' : escaped
    } else if (quote === '`' && character === '$' && text[at + 1] === '{') {
      let depth = 1
      at += 2
      for (; at < text.length && depth > 0; at++) {
        if (text[at] === '{') depth++
        if (text[at] === '}') depth--
        if (text[at] === '`') at = literalAt(text, at).end - 1
      }
      at--
      literal += '{}'
    } else literal += character
  }
  return { literal, end: text.length }
}

export function literalsOf(text: string): readonly string[] {
  const found: string[] = []
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== "'" && text[at] !== '"' && text[at] !== '`') continue
    const { literal, end } = literalAt(text, at)
    found.push(literal)
    at = end - 1
  }
  return found
}

/** What stands between the parenthesis at `open` and its end. */
function argumentsAt(text: string, open: number): string {
  let depth = 0
  for (let at = open; at < text.length; at++) {
    const character = text[at] ?? ''
    if (character === "'" || character === '"' || character === '`') at = literalAt(text, at).end - 1
    else if (character === '(') depth++
    else if (character === ')' && --depth === 0) return text.slice(open + 1, at)
  }
  return ''
}

/** Literals among the arguments of each call that `calls` finds; it ends with the opening parenthesis. */
export function literalsOfCalls({ text }: Source, calls: RegExp): readonly string[] {
  return [...text.matchAll(calls)].flatMap(({ index, 0: call }) =>
    literalsOf(argumentsAt(text, index + call.length - 1)),
  )
}

/** The literal behind each place that `places` finds. */
export function literalsBehind({ text }: Source, places: RegExp): readonly string[] {
  return [...text.matchAll(places)].flatMap(({ index, 0: place }) => {
    const start = index + place.length
    return /['"`]/.test(text[start] ?? '') ? [literalAt(text, start).literal] : []
  })
}
