/** What a daemon does for who asks over the control socket, by command. */
import type { DaemonEngine, NbdListener } from '../daemon-parts.ts';
import { daemonSnapshot } from '../daemon-stats.ts';
import { parseExport } from '../options/export-spec.ts';
import { parseSize } from '../options/values.ts';
import type { ControlCommand, ControlRequest } from './control-server.ts';

function stringArgument(request: ControlRequest, name: string): string {
  const value = request[name];
  if (typeof value !== 'string') throw new TypeError(`${request.command}: ${name} is not a string`);
  return value;
}

/** `export`: adds, removes or lists, by `action`. */
async function changeExports(
  engine: DaemonEngine,
  nbd: NbdListener,
  request: ControlRequest,
): Promise<unknown> {
  const action = stringArgument(request, 'action');
  switch (action) {
    case 'list':
      return engine.listExports();
    case 'add': {
      const config = parseExport(stringArgument(request, 'export'));
      await engine.addExport(config);
      return config.name;
    }
    case 'remove': {
      const name = stringArgument(request, 'name');
      const disk = engine.exports.find((each) => each.name === name);
      const gone = engine.removeExport(name);
      if (disk !== undefined) nbd.endConnections(disk);
      await gone;
      return name;
    }
    default:
      throw new RangeError(`there is no export ${action}: there are add, remove, list`);
  }
}

/** The commands that every daemon has. */
export function controlCommands(
  engine: DaemonEngine,
  nbd: NbdListener,
): Record<string, ControlCommand> {
  return {
    stat: () => daemonSnapshot(engine, nbd),
    reclaim: (request) =>
      engine.reclaim(stringArgument(request, 'name'), parseSize(stringArgument(request, 'bytes'))),
    export: (request) => changeExports(engine, nbd, request),
    set: (request) =>
      engine.setParameter(stringArgument(request, 'name'), stringArgument(request, 'value')),
  };
}
