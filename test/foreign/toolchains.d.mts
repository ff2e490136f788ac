interface Toolchain {
  readonly name: 'python' | 'go' | 'java' | 'typescript'
  readonly install: string
  find(): string | undefined
  prepare(found: string): string
}
export declare const toolchains: readonly Toolchain[]
