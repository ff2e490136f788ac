// Gives test files the globals of the Jest that runs them: its package `@jest/globals` works inside Jest's own runtime only.
import { register } from 'node:module'
import { isMainThread } from 'node:worker_threads'

if (isMainThread) register(import.meta.url)

export function resolve(specifier, context, nextResolve) {
  if (specifier !== '@jest/globals') return nextResolve(specifier, context)
  return { url: new URL('globals.mjs', import.meta.url).href, shortCircuit: true }
}
