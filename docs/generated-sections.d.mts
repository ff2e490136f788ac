export interface Section {
  readonly path: string
  readonly text: string
  readonly from: number
  readonly to: number
}
/** Paths of the pages of the manual, relative to the root of the repository. */
export function manualPages(): string[]
/** Throws an Error unless exactly one page has the markers. */
export function findSection(name: string): Section
export function writeSections(sections: Readonly<Record<string, string>>): void
