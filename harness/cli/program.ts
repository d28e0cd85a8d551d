/** The command line: every command and option, what they mean, and which part of the harness does the work. */
import { Command, Option } from 'commander'
import { axisNames } from '../../matrix/axes.ts'
import { UnableError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { defaultSeed, type PlanOptions, strategies } from '../plan-options.ts'
import { type RunOptions, runtimes } from '../run-options.ts'
import { oneOf, readAxis, readEdge, readFault, readList, readShard, wholeNumber } from './option-values.ts'

/** What a command came to. */
type Finish = (exitCode: number) => void

/** Options as commander hands them over. */
type Parsed = Omit<PlanOptions, 'axes' | 'platforms' | 'scenarios' | 'includeUnclaimed'> & {
  readonly platform?: readonly string[]
  readonly axis?: PlanOptions['axes']
  readonly scenario?: readonly string[]
  readonly include?: 'unclaimed'
  readonly json?: true
}
type ParsedRun = Parsed &
  Pick<RunOptions, 'runtime' | 'edge' | 'jobs' | 'retries' | 'out'> & {
    readonly resume?: string | true
    readonly fault?: RunOptions['faults']
  }

const latestRun = 'runs/latest'

/** The commands load what they need when they are chosen: `--help` reads no matrix, and `edge` no scenario. */
export function buildProgram(version: string, finish: Finish): Command {
  const program = new Command('trunkproof')
    .description('Proves, cell by cell and with evidence, that a phone system and a SIP edge interoperate the way the guide claims.')
    .version(version)
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .addHelpText('after', `\nExit codes:\n${exitCodeLines()}`)

  selecting(program.command('run').description('Run the matrix: every claimed cell, or those selected, and report what was proven.'))
    .addOption(new Option('--runtime <name>', namesOf(runtimes)).argParser(oneOf('runtime', runtimes)).default('embedded'))
    .addOption(
      new Option('--edge <edge>', 'the edge under test: reference, or the SIP URI of your own')
        .argParser(readEdge)
        .default({ kind: 'reference' }, 'reference'),
    )
    .addOption(new Option('--jobs <n>', 'cells at a time; by default as many as the machine carries').argParser(wholeNumber('--jobs', 1)))
    .addOption(
      new Option('--retries <n>', 'how often a cell that did not pass is tried again').argParser(wholeNumber('--retries', 0)).default(1),
    )
    .option('--resume [dir]', `go on with an interrupted run: the folder given, or ${latestRun}`)
    .option('--out <dir>', 'the run’s folder; runs/<id> by default')
    .addOption(new Option('--fault <side:name>', 'plant a fault in the edge or the peer, to see it caught').argParser(readFault).hideHelp())
    .action(async (parsed: ParsedRun) => {
      const { runMatrix } = await import('../run.ts')
      finish(await runMatrix(runOptions(parsed)))
    })

  selecting(program.command('plan').description('Print what a run with the same options would try, and why.')).action(
    async (parsed: Parsed) => {
      const { planCommand } = await import('./plan-command.ts')
      finish(planCommand({ ...planOptions(parsed), json: parsed.json ?? false }))
    },
  )

  program
    .command('validate')
    .description('Check the claims and the scenarios, or the scenario files given.')
    .argument('[files...]', 'scenario files')
    .option('--json', 'print the problems as JSON on stdout')
    .action(async (files: string[], { json }: { json?: true }) => {
      const { validateCommand } = await import('./validate-command.ts')
      finish(validateCommand(files, { json: json ?? false }))
    })

  program
    .command('load')
    .description('Measure how much load an edge carries (not built yet).')
    .allowUnknownOption()
    .argument('[args...]')
    .action(() => {
      throw new UnableError('load is not built yet', 'the matrix is: trunkproof run')
    })

  program
    .command('edge')
    .description('Run the reference edge in the foreground; all options are its own (edge --help).')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .argument('[args...]', 'options of the edge')
    .action(async (args: string[]) => {
      const { edgeCommand } = await import('./edge-command.ts')
      finish(await edgeCommand(args))
    })

  program
    .command('doctor')
    .description('Say what this machine can do, and how to enable what it cannot.')
    .option('--json', 'print the findings as JSON on stdout')
    .action(async ({ json }: { json?: true }) => {
      const { doctorCommand } = await import('./doctor-command.ts')
      finish(await doctorCommand({ json: json ?? false }))
    })

  reporting(program, finish)

  program
    .command('setup')
    .description('Make this machine able to do more.')
    .command('docker')
    .description('Install the Docker engine and Compose (Debian, Ubuntu) and get the base image; asks first.')
    .option('--yes', 'do not ask')
    .action(async ({ yes }: { yes?: true }) => {
      const { setupDocker } = await import('../docker/setup.ts')
      finish(await setupDocker({ yes: yes ?? false }))
    })

  return program
}

function reporting(program: Command, finish: Finish): void {
  const load = () => import('./report-command.ts')
  const report = program.command('report').description('Work with runs that are over.')
  report
    .command('render', { isDefault: true })
    .description('Render the reports of a run again.')
    .argument('[dir]', 'the run’s folder', latestRun)
    .action(async (dir: string) => finish(await (await load()).renderCommand(dir)))
  report
    .command('merge')
    .description('Join the runs of shards into one.')
    .argument('<dirs...>', 'run folders')
    .requiredOption('--out <dir>', 'the folder of the whole')
    .action(async (dirs: string[], { out }: { out: string }) => finish(await (await load()).mergeCommand(dirs, out)))
  report
    .command('diff')
    .description('Say what changed from one run to another; ends with 1 where a claim fails that did not before.')
    .argument('<before>', 'run folder')
    .argument('<after>', 'run folder')
    .option('--json', 'print the difference as JSON on stdout')
    .action(async (before: string, after: string, { json }: { json?: true }) =>
      finish(await (await load()).diffCommand(before, after, { json: json ?? false })),
    )
  report
    .command('history')
    .description('List runs with what they came to.')
    .argument('[dir]', 'the folder that holds run folders', 'runs')
    .option('--json', 'print the list as JSON on stdout')
    .action(async (dir: string, { json }: { json?: true }) => finish(await (await load()).historyCommand(dir, { json: json ?? false })))
  report
    .command('serve')
    .description('Show a run’s report to a browser on this machine.')
    .argument('[dir]', 'the run’s folder', latestRun)
    .addOption(new Option('--port <n>', 'TCP port; a free one by default').argParser(wholeNumber('--port', 0)).default(0))
    .action(async (dir: string, { port }: { port: number }) => finish(await (await load()).serveCommand(dir, port)))
}

/** The options that say which cells and scenarios are meant, the same for `run` and `plan`. */
function selecting(command: Command): Command {
  return command
    .addOption(new Option('--platform <name>', 'only this platform (may be repeated)').argParser(readList))
    .addOption(
      new Option('--axis <name=value>', `only this value of an axis (may be repeated): ${axisNames.join(', ')}`).argParser(readAxis),
    )
    .addOption(new Option('--scenario <name>', 'only this scenario, by id or by file (may be repeated)').argParser(readList))
    .addOption(new Option('--strategy <name>', namesOf(strategies)).argParser(oneOf('strategy', strategies)).default('full'))
    .addOption(
      new Option('--include <what>', 'unclaimed: also probe cells the guide does not claim').argParser(
        oneOf('thing to include', { unclaimed: '' }),
      ),
    )
    .addOption(new Option('--shard <i/n>', 'only part i of n equal parts').argParser(readShard))
    .addOption(new Option('--seed <n>', 'decides every arbitrary choice').argParser(wholeNumber('--seed', 0)).default(defaultSeed))
    .option('--json', 'print the result as JSON on stdout, and nothing else there')
}

const namesOf = (known: Readonly<Record<string, string>>): string =>
  Object.entries(known)
    .map(([name, meaning]) => `${name}: ${meaning}`)
    .join('; ')

function exitCodeLines(): string {
  return Object.values(exitCodes)
    .map(({ code, meaning }) => `  ${String(code).padEnd(4)} ${meaning}`)
    .join('\n')
}

function planOptions({ platform, axis, scenario, include, strategy, shard, seed }: Parsed): PlanOptions {
  return { platforms: platform, axes: axis, scenarios: scenario, includeUnclaimed: include === 'unclaimed', strategy, shard, seed }
}

function runOptions(parsed: ParsedRun): RunOptions {
  const { runtime, edge, jobs, retries, out, resume, fault } = parsed
  return {
    ...planOptions(parsed),
    runtime,
    edge,
    jobs,
    retries,
    out,
    resume: resume === true ? latestRun : resume,
    json: parsed.json ?? false,
    faults: fault ?? { edge: [], peer: [] },
    command: ['trunkproof', ...process.argv.slice(2)].join(' '),
  }
}
