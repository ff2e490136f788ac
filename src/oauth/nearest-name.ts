/** Finds the probable intended name for a misspelt one: of settings, and of members in the operator's files. Pure. */
import leven from 'leven'

/** Case and separators do not count. */
export const lettersOf = (name: string): string => name.toLowerCase().replace(/[^a-z\d]/g, '')
const words = (name: string) => name.toLowerCase().split('_').sort().join('')

/** How many letters may differ between a misspelling and the intended name. */
function tolerance(name: string): number {
  const { length } = lettersOf(name)
  if (length <= 6) return 1
  return length <= 14 ? 2 : 3
}

/** `undefined` if none of the names is near. The order of words does not matter either. */
export function nearestName(name: string, names: Iterable<string>): string | undefined {
  let nearest: { readonly candidate: string; readonly distance: number } | undefined
  for (const candidate of names) {
    const limit = tolerance(candidate)
    const distance =
      words(name) === words(candidate) ? 0 : leven(lettersOf(name), lettersOf(candidate), { maxDistance: limit + 1 })
    if (distance <= limit && (nearest === undefined || distance < nearest.distance)) nearest = { candidate, distance }
  }
  return nearest?.candidate
}

/** One message for each unknown member of an entry. */
export function unknownMembers(entry: object, members: Iterable<string>): string[] {
  const known = new Set(members)
  const unknown = Object.keys(entry).filter((member) => !known.has(member))
  return unknown.map((member) => {
    const meant = nearestName(member, known)
    return `${member} is not a member${meant === undefined ? '' : `: did you mean ${meant}?`}`
  })
}
