/**
 * Checks the house rules that no other tool knows: who may import whom, what may be called where,
 * sizes, and that the docs say what is there. Prints one line per finding; exit status 1 if any is
 * an error. Also run as a unit test.
 */
import { pathToFileURL } from 'node:url';
import { bannedCalls, bannedSyntax } from './tidy/calls.ts';
import {
  commandLineOptions,
  errorCodeHeadings,
  namedFiles,
  npmScripts,
  relativeLinks,
  tracePoints,
} from './tidy/docs.ts';
import { floors, importCycles, nodeModules } from './tidy/imports.ts';
import {
  bigBinaries,
  fileHeads,
  mirrorTests,
  unfinishedWork,
  workplaceNames,
} from './tidy/layout.ts';
import { readProject, type Finding, type Project, type Rule } from './tidy/project.ts';
import { fileLengths, folderSizes, functionLengths, lineLengths } from './tidy/sizes.ts';

const RULES: readonly Rule[] = [
  floors,
  importCycles,
  nodeModules,
  bannedCalls,
  bannedSyntax,
  lineLengths,
  functionLengths,
  fileLengths,
  folderSizes,
  fileHeads,
  mirrorTests,
  unfinishedWork,
  workplaceNames,
  bigBinaries,
  tracePoints,
  errorCodeHeadings,
  relativeLinks,
  npmScripts,
  commandLineOptions,
  namedFiles,
];

/** Applies every rule to a project. */
export function tidy(project: Project): readonly Finding[] {
  return RULES.flatMap((rule) => rule(project));
}

/** `path:line: message`, as compilers write it. */
export function formatFinding(finding: Finding): string {
  const kind = finding.isWarning === true ? 'warning: ' : '';
  return `${finding.path}:${finding.line}: ${kind}${finding.message}`;
}

function main(): void {
  const findings = tidy(readProject(process.cwd()));
  for (const finding of findings) process.stderr.write(`${formatFinding(finding)}\n`);
  process.exitCode = findings.some((finding) => finding.isWarning !== true) ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
