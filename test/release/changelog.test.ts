import { describe, expect, it } from '@jest/globals'
import {
  entriesOf,
  mistakesIn,
  nextVersion,
  releasesIn,
  textOf,
  versionOf,
  withRelease,
} from '../../release/changelog.js'

const changelog = (unreleased: string) => `# Changelog

Form.

## [Unreleased]

${unreleased}
## [0.2.1] - 2026-11-01

### Fixed

- A page.

## [0.2.0] - 2026-10-01

### Added

- Another.
`

const added = '### Added\n\n- A setting with\n  two lines.\n'
const action = '### Changed\n\n- **Action required**: rename the setting.\n'

describe('entries of the changelog', () => {
  it('have the kind above them, and their lines joined', () => {
    expect(entriesOf(textOf(changelog(added + action), 'Unreleased'))).toEqual([
      { kind: 'Added', text: 'A setting with two lines.' },
      { kind: 'Changed', text: '**Action required**: rename the setting.' },
    ])
  })

  it('are refused when an action is not marked, is missing, or something is removed without one', () => {
    const mistakes = (text: string) => mistakesIn(entriesOf(text))
    expect(mistakes(added)).toEqual([])
    expect(mistakes(action)).toEqual([])
    expect(mistakes('### Changed\n\n- Action required: rename it.\n')[0]).toContain('does not begin with')
    expect(mistakes('### Changed\n\n- A setting. **Action required**: rename it.\n')[0]).toContain(
      'does not begin with',
    )
    expect(mistakes('### Removed\n\n- A setting.\n')[0]).toContain('removes something')
    expect(mistakes('### Changed\n\n- **Action required** a setting.\n')[0]).toContain('does not say which action')
    expect(mistakes('')).toEqual(['Unreleased has no entry'])
  })
})

describe('the next version', () => {
  const entries = (text: string) => entriesOf(text)
  const fixed = entries('### Fixed\n\n- A page.\n')
  it.each([
    ['0.2.1', fixed, '0.2.2'],
    ['0.2.1', entries(added), '0.2.2'],
    ['0.2.1', entries(action), '0.3.0'],
    ['1.2.3', fixed, '1.2.4'],
    ['1.2.3', entries('### Security\n\n- A hole.\n'), '1.2.4'],
    ['1.2.3', entries(added), '1.3.0'],
    ['1.2.3', entries(added + action), '2.0.0'],
  ])('after %s follows by semantic versioning', (last, found, next) => {
    expect(nextVersion(last, found)).toBe(next)
  })

  it('follows the newest release, or is the version of the manifest when there is none', () => {
    expect(versionOf(changelog(action), '0.2.1')).toBe('0.3.0')
    expect(versionOf(`# Changelog\n\n## [Unreleased]\n\n${added}`, '0.1.0')).toBe('0.1.0')
    expect(() => versionOf(changelog('### Removed\n\n- A.\n\n### Changed\n\n- action required: b\n'), '0.2.1')).toThrow(
      /begin with[\s\S]*begin with/,
    )
  })
})

describe('a release', () => {
  it('takes the entries of Unreleased, and leaves an empty one above it', () => {
    const text = withRelease(changelog(`Prose.\n\n${added}`), '0.2.2', '2026-11-30')
    expect(releasesIn(text)).toEqual(['0.2.2', '0.2.1', '0.2.0'])
    expect(textOf(text, 'Unreleased')).toBe('')
    expect(text).toContain('## [0.2.2] - 2026-11-30\n\n### Added\n\n- A setting with\n  two lines.\n\n## [0.2.1]')
    expect(text).not.toContain('Prose.')
    expect(textOf(text, '0.2.1')).toBe('### Fixed\n\n- A page.')
  })

  it('is made of the changelogs of the packages too', () => {
    const text = withRelease('# Changelog\n\nForm.\n\n## Unreleased\n\n- First.\n', '0.1.0', '2026-11-30')
    expect(text).toBe('# Changelog\n\nForm.\n\n## Unreleased\n\n## 0.1.0 - 2026-11-30\n\n- First.\n')
  })
})
