/** What the exit code of every command means. One code per cause, so that a pipeline can tell them apart. */
export const exitCodes = {
  proven: { code: 0, meaning: 'all that was claimed is proven' },
  failed: { code: 1, meaning: 'a cell failed' },
  threshold: { code: 2, meaning: 'a threshold was missed' },
  unable: { code: 3, meaning: 'the harness or the machine could not do it' },
  usage: { code: 4, meaning: 'wrong usage: an option, a file or a selection that cannot be' },
  interrupted: { code: 130, meaning: 'interrupted; the partial run was kept' },
} as const
