/**
 * What CHANGELOG.md (https://keepachangelog.com/en/1.1.0/) says of the next release: its version by semantic versioning, and the text
 * of each release. Pure: texts in, texts out.
 */

export interface Entry {
  /** `Added`, `Changed`, `Deprecated`, `Removed`, `Fixed` or `Security`. */
  readonly kind: string
  /** On one line, without the dash. */
  readonly text: string
}

const releaseHeading = /^## \[?(Unreleased|\d+\.\d+\.\d+)\]?(?: - \d{4}-\d\d-\d\d)?$/m

interface Section {
  readonly name: string
  /** What stands between this heading and the next one. */
  readonly body: string
}

function sectionsOf(changelog: string): Section[] {
  const [, ...parts] = changelog.split(/^(?=## )/m)
  return parts.map((part) => {
    const [heading = ''] = part.split('\n')
    const name = releaseHeading.exec(heading)?.[1]
    if (name === undefined) throw new Error(`CHANGELOG.md: "${heading}" names no release`)
    return { name, body: part.slice(heading.length + 1).trim() }
  })
}

/** The text of a release, below its heading. Throws an Error if the changelog does not have it. */
export function textOf(changelog: string, version: string): string {
  const found = sectionsOf(changelog).find(({ name }) => name === version)
  if (found === undefined) throw new Error(`CHANGELOG.md has no section for ${version}`)
  return found.body
}

/** Versions of the releases, newest first. */
export const releasesIn = (changelog: string): string[] =>
  sectionsOf(changelog).flatMap(({ name }) => (name === 'Unreleased' ? [] : [name]))

export function entriesOf(body: string): Entry[] {
  const kinds = body.split(/^### /m).slice(1)
  return kinds.flatMap((part) => {
    const [kind = '', ...lines] = part.split('\n')
    const texts = lines.join('\n').split(/^- /m).slice(1)
    return texts.map((text) => ({ kind: kind.trim(), text: text.trim().replaceAll(/\s+/g, ' ') }))
  })
}

const mark = '**Action required**'

const needsAction = ({ text }: Entry): boolean => text.startsWith(mark)

/** What keeps these entries from being released: an action that people would overlook, or no entry. */
export function mistakesIn(entries: readonly Entry[]): string[] {
  const shown = (text: string) => `"${text.slice(0, 70)}"`
  const unmarked = entries.filter((entry) => !needsAction(entry))
  return [
    ...(entries.length === 0 ? ['Unreleased has no entry'] : []),
    ...unmarked
      .filter(({ text }) => /action required/i.test(text))
      .map(({ text }) => `speaks of a required action and does not begin with ${mark}: ${shown(text)}`),
    ...unmarked
      .filter(({ kind }) => kind === 'Removed')
      .map(({ text }) => `removes something and does not begin with ${mark}: ${shown(text)}`),
    ...entries
      .filter((entry) => needsAction(entry) && !/^: \S/.test(entry.text.slice(mark.length)))
      .map(({ text }) => `does not say which action: ${shown(text)}`),
  ]
}

/** By https://semver.org/. Below 1.0 a change that needs action raises the minor version, everything else the patch version. */
export function nextVersion(last: string, entries: readonly Entry[]): string {
  const [major = 0, minor = 0, patch = 0] = last.split('.').map(Number)
  const isBreaking = entries.some(needsAction)
  const hasFeature = entries.some(({ kind }) => kind !== 'Fixed' && kind !== 'Security')
  if (major === 0) return isBreaking ? `0.${minor + 1}.0` : `0.${minor}.${patch + 1}`
  if (isBreaking) return `${major + 1}.0.0`
  return hasFeature ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch + 1}`
}

/**
 * The version that Unreleased leads to: the next one after the newest release, or `current` if nothing was released yet. Throws an Error
 * that names every mistake.
 */
export function versionOf(changelog: string, current: string): string {
  const entries = entriesOf(textOf(changelog, 'Unreleased'))
  const mistakes = mistakesIn(entries)
  if (mistakes.length > 0) throw new Error(`CHANGELOG.md: ${mistakes.join('\nCHANGELOG.md: ')}`)
  const [last] = releasesIn(changelog)
  return last === undefined ? current : nextVersion(last, entries)
}

/** Makes Unreleased the release; a new, empty Unreleased stands above it. `day`: `2026-11-30`. Prose above the first kind stays behind. */
export function withRelease(changelog: string, version: string, day: string): string {
  const body = textOf(changelog, 'Unreleased')
  const isBracketed = changelog.includes('## [Unreleased]')
  const [heading, released] = isBracketed
    ? ['## [Unreleased]', `## [${version}] - ${day}`]
    : ['## Unreleased', `## ${version} - ${day}`]
  const [before = '', after = ''] = changelog.split(`${heading}\n`)
  const kinds = body.startsWith('### ') ? body : body.slice(Math.max(body.indexOf('\n### ') + 1, 0))
  const older = after.slice(after.indexOf(body) + body.length).trim()
  return `${before}${heading}\n\n${released}\n\n${kinds}\n${older === '' ? '' : `\n${older}\n`}`
}
