/** What the page knows: the index, and the details of a cell once they were asked for. */
import type { CellDetails, PageCell, PageData } from '../page-data.ts'

export const page: PageData = JSON.parse(document.getElementById('data')?.textContent ?? '{}')

/** Cells and checks. */
export const entries: readonly PageCell[] = [...(page.cells ?? []), ...(page.checks ?? [])]

const titles = new Map(page.platforms?.map((platform) => [platform.id, platform.title]))

export function platformTitle(id: string): string {
  return titles.get(id) ?? id
}

/** The cell, or the check of it under another scenario. */
export function findCell(id: string, scenario: string): PageCell | undefined {
  return entries.find((cell) => cell.id === id && cell.scenario === scenario)
}

const groups = new Map<number, Promise<CellDetails[]>>()

/** Unpacks the group a cell is in; undefined for a cell that was never tried. */
export async function cellDetails(cell: PageCell): Promise<CellDetails | undefined> {
  if (!cell.details) return undefined
  const [group, place] = cell.details
  let unpacked = groups.get(group)
  if (!unpacked) {
    unpacked = unpack(document.getElementById(`details-${group}`)?.textContent ?? '')
    groups.set(group, unpacked)
  }
  return (await unpacked)[place]
}

async function unpack(base64: string): Promise<CellDetails[]> {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'))
  return JSON.parse(await new Response(stream).text())
}
