import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  listeningAddress,
  tcpAddress,
  unixAddress,
} from '../../../../src/cli/listen/fd-address.ts';

const UNIX_TABLE = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 21001 /run/a b.sock
0000000000000000: 00000002 00000000 00010000 0001 01 21002 @abstract
0000000000000000: 00000003 00000000 00000000 0001 03 21003
`;

const HEAD =
  '  sl  local_address rem_address st tx_queue rx_queue tr tm->when retrnsmt uid timeout inode';

function row(local: string, inode: number): string {
  const columns = '00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0';
  return `   0: ${local} ${columns} ${inode} 1 0000 100`;
}

describe('unixAddress', () => {
  it('finds the path of a socket, blanks included', () => {
    assert.deepEqual(unixAddress(UNIX_TABLE, '21001'), { kind: 'unix', path: '/run/a b.sock' });
  });

  it('finds none for abstract, nameless and unknown sockets', () => {
    for (const inode of ['21002', '21003', '9']) {
      assert.equal(unixAddress(UNIX_TABLE, inode), undefined);
    }
  });
});

describe('tcpAddress', () => {
  const v6 = '00000000000000000000000001000000:2A39';
  const table = [HEAD, row('0100007F:2A39', 31), row(v6, 32), ''].join('\n');

  it('reads IPv4 and IPv6 in the order of a little-endian machine', () => {
    const v4 = { kind: 'tcp', address: { host: '127.0.0.1', port: 10809 } };
    assert.deepEqual(tcpAddress(table, '31', true), v4);
    const short = { kind: 'tcp', address: { host: '::1', port: 10809 } };
    assert.deepEqual(tcpAddress(table, '32', true), short);
  });

  it('reads IPv4 in the order of a big-endian machine', () => {
    const big = [HEAD, row('7F000001:0050', 33)].join('\n');
    const address = { kind: 'tcp', address: { host: '127.0.0.1', port: 80 } };
    assert.deepEqual(tcpAddress(big, '33', false), address);
  });

  it('finds none for another inode', () => {
    assert.equal(tcpAddress(table, '3', true), undefined);
  });
});

describe('listeningAddress', () => {
  it('finds none for what is no socket', () => {
    assert.equal(listeningAddress(9999), undefined);
  });
});
