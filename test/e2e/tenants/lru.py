"""The reference for what belongs in the pool: an exact LRU over the stream of accesses.

A write puts its page in as the most recent, a read of a page that is there makes it the most
recent, a read of one that is not does not bring it in: the same rules as the pool's. Zero-filled
pages take no room. Its capacity in pages follows `stored_pages` as it was sampled, so it has what
the pool had, whatever the compressor, the limit and the hysteresis of the accept threshold.
"""

from collections import OrderedDict

READ, WRITE, DROP, CAPACITY, BEGIN = range(5)


class Log:
    """Accesses in the order of their completion. A key names a tenant and a page."""

    def __init__(self):
        self.keys = []
        self.kinds = bytearray()

    def add(self, kind, key):
        self.kinds.append(kind)
        self.keys.append(key)


def replay(log):
    """Hits and reads of the reference from the last BEGIN of the log on."""
    resident = OrderedDict()
    capacity = hits = reads = 0
    for kind, key in zip(log.kinds, log.keys):
        if kind == READ:
            reads += 1
            if key in resident:
                hits += 1
                resident.move_to_end(key)
        elif kind == WRITE:
            resident[key] = None
            resident.move_to_end(key)
        elif kind == DROP:
            resident.pop(key, None)
        elif kind == CAPACITY:
            capacity = key
        else:
            hits = reads = 0
        while len(resident) > capacity > 0:
            resident.popitem(last=False)
    return hits, reads
