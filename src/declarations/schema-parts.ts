/** What the schemas of a declaration file are made of. */
import { z } from 'zod'
import { nearestName } from '../oauth/nearest-name.js'

/** Longest texts, in characters: what a page shows of them. */
export const longest = { name: 60, title: 80, description: 300 } as const

export const texts = (most: number) => `must be plain text of 1 to ${most} characters`

/** Not blank, without markup and control characters. */
export const plain = (most: number) =>
  z
    .string(texts(most))
    .max(most, texts(most))
    .regex(/^(?=[\s\S]*\S)[^<>\p{C}]+$/u, texts(most))

export const idForm = 'must be 1 to 63 lower-case letters, digits and dashes, and begin and end with none of the latter'
export const idPattern = /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/

export const flag = () => z.boolean('must be true or false')
export const oneOf = <const T extends readonly string[]>(choices: T) =>
  z.enum(choices, `must be one of ${choices.join(', ')}`)
export const list = <T extends z.ZodType>(item: T, what: string) => z.array(item, `must be a list of ${what}`)
export const url = () => z.string('must be an absolute http(s) URL').max(2_000, 'is longer than 2000 characters')

/** An object that has no other members. The error for those has a line for each. */
export function entry<const Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const names = Object.keys(shape)
  const ofUnknown = (name: string) => {
    const meant = nearestName(name, names)
    return `is not a member${meant === undefined ? '' : `: did you mean ${meant}?`}`
  }
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? issue.keys.map(ofUnknown).join('\n') : 'must be an object'),
  })
}
