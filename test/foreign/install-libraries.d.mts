/**
 * Builds packages of test/foreign/go into a folder. `found`: the compiler that `lookForLanguages` found. `flags`: further ones of
 * `go build`. Throws an Error if one does not compile.
 */
export function buildGo(found: string, folder: string, packages: readonly string[], flags?: readonly string[]): void

/** Where the programs of each language run, by its name. */
export function installLibraries(places: Readonly<Record<string, string>>): Record<string, string>
