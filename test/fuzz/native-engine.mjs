// Loads the native half of jazzer.js (libFuzzer). Its prebuilt file asks for three symbols of glibc 2.38 and GCC 13 that it does not
// depend on. Debian 12 and Ubuntu 22.04 have older ones, so that a copy is made there that asks for what they have.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'

const require = createRequire(import.meta.url)

function prebuiltFile() {
  return join(
    require.resolve('@jazzer.js/fuzzer/package.json'),
    '..',
    'prebuilds',
    `fuzzer-${process.platform}-${process.arch}.node`,
  )
}

const newer = new Set(['GLIBC_2.38', 'GLIBCXX_3.4.32'])

/** By what each newer symbol is replaced: the same function under its older name, or one that takes nothing and changes nothing. */
const older = new Map([
  ['__isoc23_strtol', 'strtol'],
  ['__isoc23_strtoul', 'strtoul'],
  // It makes sure that std::cout is ready. Node, which loads this file, has seen to that at its own start.
  ['_ZSt21ios_base_library_initv', 'getpid'],
])

// Of the ELF format (System V ABI, "Sections"; Linux Standard Base, "Symbol Versioning").
const dynamicSymbols = 11
const versionNeeds = 0x6ffffffe
const symbolVersions = 0x6fffffff
const weak = 2

/** The same file, asking for symbols of older libraries. Throws if it asks for other newer ones. */
export function forOlderLibraries(file) {
  const bytes = Buffer.from(file)
  const number = (at) => bytes.readUInt32LE(at)
  const sections = Array.from({ length: bytes.readUInt16LE(0x3c) }, (_, index) => {
    const at = Number(bytes.readBigUInt64LE(0x28)) + index * bytes.readUInt16LE(0x3a)
    const [offset, size] = [24, 32].map((place) => Number(bytes.readBigUInt64LE(at + place)))
    return { type: number(at + 4), offset, size, link: number(at + 40), info: number(at + 44) }
  })
  const sectionOf = (type) => sections.find((section) => section.type === type)
  const [symbols, versions, needs] = [dynamicSymbols, symbolVersions, versionNeeds].map(sectionOf)
  const names = sections[symbols.link].offset
  const nameAt = (offset) => bytes.toString('latin1', names + offset, bytes.indexOf(0, names + offset))
  const wanted = []
  for (let library = needs.offset, left = needs.info; left > 0; left -= 1) {
    for (let at = library + number(library + 8), count = bytes.readUInt16LE(library + 2); count > 0; count -= 1) {
      wanted.push({ at, name: nameAt(number(at + 8)), index: bytes.readUInt16LE(at + 6) })
      at += number(at + 12)
    }
    library += number(library + 12)
  }
  const base = wanted.find(({ name }) => name === 'GLIBC_2.2.5')
  const tooNew = wanted.filter(({ name }) => newer.has(name))
  const entries = Array.from({ length: symbols.size / 24 }, (_, index) => {
    const at = symbols.offset + 24 * index
    return { at, versionAt: versions.offset + 2 * index, name: nameAt(number(at)), nameOffset: number(at) }
  })
  for (const { at, name, versionAt, nameOffset } of entries) {
    if (!tooNew.some(({ index }) => index === bytes.readUInt16LE(versionAt))) continue
    const replacement = older.get(name)
    if (replacement === undefined) throw new Error(`the prebuilt engine needs ${name}`)
    // The older name is the end of the newer one, or that of another symbol.
    const other = entries.find((entry) => entry.name === replacement)?.nameOffset
    bytes.writeUInt32LE(name.endsWith(replacement) ? nameOffset + name.length - replacement.length : other, at)
    bytes.writeUInt16LE(base.index, versionAt)
  }
  // The loader only warns of the absence of a weak version.
  for (const { at } of tooNew) bytes.writeUInt16LE(weak, at + 4)
  return bytes
}

function load(path, into) {
  const module = { exports: {} }
  process.dlopen(module, path, constants.dlopen.RTLD_LAZY)
  require.cache[into] = { id: into, filename: into, loaded: true, children: [], paths: [], exports: module.exports }
}

/** Makes `require('@jazzer.js/fuzzer')` work on this machine. Throws if there is no way: no prebuilt file for it, or other libraries. */
export function loadNativeEngine() {
  const file = prebuiltFile()
  try {
    load(file, file)
  } catch (error) {
    if (![...newer].some((version) => String(error).includes(version))) throw error
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-fuzz-engine-'))
    try {
      const copy = join(folder, 'fuzzer.node')
      writeFileSync(copy, forOlderLibraries(readFileSync(file)))
      load(copy, file)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
}
