/**
 * `npm run release`. `-- --check` builds the commit twice and compares; `-- --prepare` makes Unreleased the next version; `-- --renew-images` pins
 * the base images to what their tags are now; `-- --out <folder>` builds the files of a release, which it refuses unless everything is in
 * place; `-- --notes` prints the release's section of the changelog; `-- --verify <folder>` checks files that somebody got. `RELEASE_KEY_FILE`, `RELEASE_PUBLIC_KEY_FILE`: Ed25519 in PEM.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { baseImages, isPinned, referenceIn, renewed, withReference } from './base-images.js'
import { buildRelease, differences, git, hashesOf, otherSurroundings, root } from './build.js'
import { entriesOf, mistakesIn, releasesIn, textOf, versionOf, withRelease } from './changelog.js'
import { mistakesOf, signChecksums } from './signature.js'

const say = (line: string) => void process.stdout.write(`${line}\n`)
const textOfFile = (file: string) => readFileSync(join(root, file), 'utf8')
const currentVersion = (): string => (JSON.parse(textOfFile('package.json')) as { version: string }).version

const changelogs = () => [
  'CHANGELOG.md',
  ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}/CHANGELOG.md`),
]

/** Writes the version into CHANGELOG.md, the manifests and the lock file. */
function prepare(): void {
  const version = versionOf(textOfFile('CHANGELOG.md'), currentVersion())
  const day = new Date().toISOString().slice(0, 10)
  for (const file of changelogs()) writeFileSync(join(root, file), withRelease(textOfFile(file), version, day))
  const flags = ['--no-git-tag-version', '--allow-same-version', '--workspaces', '--include-workspace-root']
  execFileSync('npm', ['version', version, ...flags], { cwd: root, stdio: 'ignore' })
  say(`Unreleased is ${version}. Run npm run docs, read what changed, and commit.`)
}

async function renewImages(): Promise<void> {
  for (const image of baseImages) {
    const text = textOfFile(image.file)
    const reference = await renewed(referenceIn(image, text))
    writeFileSync(join(root, image.file), withReference(image, text, reference))
    say(`${image.file}: ${reference}`)
  }
}

/** Why this commit is not to be released, in words. */
export async function obstacles(): Promise<string[]> {
  const changelog = textOfFile('CHANGELOG.md')
  const version = currentVersion()
  const isReleased = releasesIn(changelog)[0] === version
  const tags = (await git('tag', '--points-at', 'HEAD')).split('\n')
  const loose = baseImages.filter((image) => !isPinned(referenceIn(image, textOfFile(image.file))))
  return [
    ...((await git('status', '--porcelain')) === '' ? [] : ['the working tree has changes']),
    ...(isReleased
      ? mistakesIn(entriesOf(textOf(changelog, version)))
      : [`CHANGELOG.md does not begin with ${version}: run npm run release -- --prepare`]),
    ...(tags.includes(`v${version}`) ? [] : [`the commit has no tag v${version}`]),
    ...loose.map(
      ({ file, variable }) =>
        `${file}: ${variable} has no digest: run npm run release -- --renew-images where a registry can be reached`,
    ),
  ]
}

/** Builds HEAD twice, in two folders and surroundings. Resolves to the files of the first, after `use` of it both are removed. */
async function buildTwice(use: (folder: string) => void): Promise<string[]> {
  const commit = await git('rev-parse', 'HEAD')
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-release-'))
  try {
    const [first, second] = await Promise.all([
      buildRelease({ commit, folder: join(folder, 'first') }),
      buildRelease({ commit, folder: join(folder, 'another', 'folder'), env: otherSurroundings }),
    ])
    const unequal = differences(hashesOf(first), hashesOf(second))
    if (unequal.length === 0) use(first)
    return unequal
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const wanted = (args: readonly string[], name: string): string | undefined =>
  args.includes(name) ? (args[args.indexOf(name) + 1] ?? '') : undefined

function keyIn(variable: string): string | undefined {
  const file = process.env[variable]
  return file === undefined || file === '' ? undefined : readFileSync(file, 'utf8')
}

/** Does what the arguments say; resolves to the exit status. */
export async function release(args: readonly string[]): Promise<number> {
  if (args.includes('--prepare')) {
    prepare()
    return 0
  }
  if (args.includes('--renew-images')) {
    await renewImages()
    return 0
  }
  if (args.includes('--notes')) {
    say(textOf(textOfFile('CHANGELOG.md'), currentVersion()))
    return 0
  }
  const given = wanted(args, '--verify')
  if (given !== undefined) {
    const mistakes = mistakesOf(given, keyIn('RELEASE_PUBLIC_KEY_FILE'))
    for (const mistake of mistakes) say(mistake)
    if (mistakes.length === 0) say('Every file is what was built.')
    return mistakes.length === 0 ? 0 : 1
  }
  const out = wanted(args, '--out')
  if (out === undefined && !args.includes('--check')) {
    say('npm run release -- --check | --prepare | --renew-images | --out <folder> | --notes | --verify <folder>')
    return 1
  }
  const reasons = await obstacles()
  for (const reason of reasons) say(`not to be released: ${reason}`)
  if (out !== undefined && reasons.length > 0) return 1
  const unequal = await buildTwice((folder) => {
    for (const [name, hash] of hashesOf(folder)) say(`${hash}  ${name}`)
    if (out === undefined) return
    cpSync(folder, out, { recursive: true, errorOnExist: true, force: false })
    const key = keyIn('RELEASE_KEY_FILE')
    if (key !== undefined) signChecksums(out, key)
  })
  say(unequal.length === 0 ? 'Two builds gave equal bytes.' : `Two builds differ in ${unequal.join(', ')}.`)
  return unequal.length === 0 ? 0 : 1
}
