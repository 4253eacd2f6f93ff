/**
 * Memory references, one a line: valgrind's lackey (`--trace-mem=yes`: `I`, `L`, `S` or `M`, then
 * a hexadecimal address and a size), and the simpler `l|s 0xADDRESS n`.
 */
import { OP_READ, OP_WRITE, createRecord, setRange } from '../../record.ts';
import { lineDecoder, refuseLine, type TraceFormat } from '../../format.ts';
import { Fields } from '../../text/fields.ts';

const LACKEY_LINE = /^(?:I {2}| [LSM] )[0-9a-f]+,\d+$/;
const ADDRESS_LINE = /^[ls] 0x[0-9a-f]+ \d+$/i;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const UPPER_TO_LOWER = 0x20;
const STORE = 's'.charCodeAt(0);
const MODIFY = 'm'.charCodeAt(0);
const LOAD = 'l'.charCodeAt(0);
const FETCH = 'i'.charCodeAt(0);
const FORM = "lackey's 'L address,size', or 'l|s 0xADDRESS n'";

export const lackey: TraceFormat = {
  name: 'lackey',
  summary: "valgrind's lackey (--trace-mem=yes), or 'l|s 0xADDRESS n' a line",
  unit: 'page',
  traffic: 'memory',
  hasRanges: true,
  ownIds: false,
  matches: ({ lines }) => {
    const references = lines.filter((line) => !line.startsWith('=='));
    return (
      references.length > 0 &&
      references.every((line) => LACKEY_LINE.test(line) || ADDRESS_LINE.test(line))
    );
  },
  createDecoder: (context) => {
    const record = createRecord();
    const fields = new Fields();
    return lineDecoder(context, (line) => {
      // What valgrind says itself begins with `==`.
      if (line.bytes[line.start] === EQUALS) return;
      const comma = line.bytes.subarray(line.start, line.end).indexOf(COMMA);
      const end = line.end;
      // The size behind the comma says nothing of the page, unless the access leaves it.
      if (comma >= 0) line.end = line.start + comma;
      fields.split(line, ' ');
      line.end = end;
      const kind = fields.first(0) | UPPER_TO_LOWER;
      const address = fields.hex(1);
      const isKind = kind === LOAD || kind === STORE || kind === MODIFY || kind === FETCH;
      if (!isKind || !(address <= Number.MAX_SAFE_INTEGER)) refuseLine(context, line, FORM);
      record.op = kind === STORE || kind === MODIFY ? OP_WRITE : OP_READ;
      setRange(record, address, 1);
      context.sink.add(record);
    });
  },
};
