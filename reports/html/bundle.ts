/**
 * Makes one script of the page's modules: types stripped, imports followed, every module
 * once and after what it imports, all in one scope. Deliberately small: modules may import
 * named things from relative paths and export declarations, nothing else.
 */
import { readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'

const importStatement = /^import\s(?:[\s\S]*?)from\s+'(\.[^']+)';?[ \t]*$/gm

/** The script for `entry`, ready to stand in a script element. Throws when two modules declare the same name. */
export async function bundle(entry: URL): Promise<string> {
  const modules = new Map<string, string>()
  await add(entry, modules)
  const script = `(() => {\n'use strict'\n${[...modules.values()].join('\n')}\n})()\n`
  if (/<\/script|<!--/i.test(script)) throw new Error('the script would end its own element')
  return script
}

async function add(module: URL, modules: Map<string, string>): Promise<void> {
  if (modules.has(module.href)) return
  modules.set(module.href, '')
  const source = stripTypes(await readFile(module, 'utf8'))
  for (const [, path] of source.matchAll(importStatement)) await add(new URL(path!, module), modules)
  // Set again, so that it stands behind what it imports.
  modules.delete(module.href)
  modules.set(module.href, tidy(source.replace(importStatement, '').replace(/^export (?=(?:async |)(?:function|const|class)\b)/gm, '')))
}

/** Node warns that the function is young; the reader of a report need not be told. */
function stripTypes(source: string): string {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return stripTypeScriptTypes(source)
  } finally {
    process.emitWarning = emitWarning
  }
}

/** Removes doc comments and the blanks that stripped types leave behind. */
function tidy(source: string): string {
  return source
    .replace(/^[ \t]*\/\*\*[\s\S]*?\*\/[ \t]*$/gm, '')
    .replace(/[ \t]+$/gm, '')
    .replace(/\n{2,}/g, '\n')
    .trim()
}
