/** Looks into values whose shape may be wrong: rules between members are judged as far as the members can be read. */
import type { Path } from './yaml-document.js'

export type Raw = Readonly<Record<string, unknown>>

export function isRaw(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export const rawOf = (value: unknown): Raw => (isRaw(value) ? value : {})

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** The texts of a list, each with its place in it. */
export function textsOf(value: unknown): readonly (readonly [number, string])[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : []
  return items.flatMap((item, index) => (typeof item === 'string' ? [[index, item] as const] : []))
}

/** Says what is wrong at a path below the entry that is judged. */
export type Complain = (path: Path, text: string) => void
