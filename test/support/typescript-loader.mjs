// Lets Node run TypeScript directly: `node --import ./test/support/typescript-loader.mjs file.ts`.
// Plain JavaScript, because nothing is there yet to compile it.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { register } from 'node:module'
import { fileURLToPath } from 'node:url'
import { isMainThread } from 'node:worker_threads'
import { transform } from '@swc/core'

// Node calls the hooks below in a thread of their own.
if (isMainThread) register(import.meta.url)

/** Imports are written with the name that the build gives a file: `./clock.js` is `./clock.ts` here. */
export function resolve(specifier, context, nextResolve) {
  if (/^\.{1,2}\//.test(specifier) && specifier.endsWith('.js')) {
    const url = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL)
    if (existsSync(fileURLToPath(url))) return { url: url.href, shortCircuit: true }
  }
  return nextResolve(specifier, context)
}

/** A fault that this process shall run with (test/mutations/): JSON of `file`, `code` and `fault`. */
const planted = JSON.parse(process.env.PLANTED_FAULT ?? 'null')

async function sourceOf(url) {
  const text = await readFile(fileURLToPath(url), 'utf8')
  if (planted === null || !url.endsWith(`/src/${planted.file}`)) return text
  if (!text.includes(planted.code)) throw new Error(`${planted.file} has no ${planted.code}`)
  return text.replace(planted.code, () => planted.fault)
}

export async function load(url, context, nextLoad) {
  if (!/^file:[^?]*\.ts(\?|$)/.test(url)) return nextLoad(url, context)
  const { code } = await transform(await sourceOf(url), {
    filename: fileURLToPath(url),
    jsc: {
      parser: { syntax: 'typescript' },
      target: 'es2023',
      transform: { verbatimModuleSyntax: true },
    },
    module: { type: 'es6' },
    sourceMaps: 'inline',
  })
  return { format: 'module', source: code, shortCircuit: true }
}
