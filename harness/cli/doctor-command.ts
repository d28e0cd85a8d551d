import { diagnose, type Finding } from '../doctor.ts'
import { exitCodes } from '../exit-codes.ts'
import { printJson, printLine, styled } from './terminal.ts'

/** `trunkproof doctor`: what this machine can do. Fails where something is missing that every run needs. */
export async function doctorCommand(options: { readonly json: boolean }): Promise<number> {
  const findings = await diagnose()
  const able = findings.every((finding) => finding.ok || finding.neededFor !== 'every run')
  if (options.json) printJson({ schema_version: 1, able, checks: findings.map(checkJson) })
  else for (const finding of findings) printFinding(finding)
  return able ? exitCodes.proven.code : exitCodes.unable.code
}

const checkJson = ({ id, title, ok, seen, neededFor, enable }: Finding): object => ({ id, title, ok, seen, needed_for: neededFor, enable })

function printFinding({ title, ok, seen, neededFor, enable }: Finding): void {
  const mark = ok ? styled('green', 'ok     ') : styled(neededFor === 'every run' ? 'red' : 'yellow', 'missing')
  printLine(`${mark}  ${title.padEnd(22)}  ${seen}`)
  if (!ok) printLine(`         needed for ${neededFor}: ${enable}`)
}
