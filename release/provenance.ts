/**
 * Where the files of a release come from, as an in-toto statement (https://in-toto.io/Statement/v1) with SLSA provenance
 * (https://slsa.dev/spec/v1.1/provenance). It is a claim of the builder, and proves nothing by itself: anybody can build the same commit
 * and compare. The hosted workflow adds a statement that its platform signs.
 */

export interface Origin {
  readonly version: string
  /** Of git. */
  readonly commit: string
  /** SHA-256 of `package-lock.json`, which pins every package by its content. */
  readonly lockFile: string
  /** Base images as Dockerfile and the compose files name them. */
  readonly images: readonly string[]
  /** Of the programs that decide the bytes. */
  readonly tools: Readonly<Record<'node' | 'npm', string>>
}

/** `files`: SHA-256 by name. No moment and no machine is in it: equal builds give equal bytes. */
export function provenance(origin: Origin, files: ReadonlyMap<string, string>): string {
  const { version, commit, lockFile, images, tools } = origin
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [...files].map(([name, sha256]) => ({ name, digest: { sha256 } })),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'urn:gatehouse:release-script:v1',
        externalParameters: { commit, version },
        internalParameters: { tools },
        resolvedDependencies: [
          { name: 'source', digest: { gitCommit: commit } },
          { name: 'package-lock.json', digest: { sha256: lockFile } },
          ...images.map((image) => {
            const [name = '', digest] = image.split('@sha256:')
            return digest === undefined ? { name } : { name, digest: { sha256: digest } }
          }),
        ],
      },
      runDetails: { builder: { id: 'urn:gatehouse:unsigned-build' } },
    },
  }
  return `${JSON.stringify(statement, null, 2)}\n`
}
