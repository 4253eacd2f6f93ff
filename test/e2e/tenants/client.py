"""One tenant: an export, its connections with many commands in flight, and the model of its pages.

The model keeps two versions of each page: the last one that was sent and the last one that the
server has acknowledged. At most one change of a page is under way, reads may overlap with it. A
read must give the version that was acknowledged when it was sent, or one sent since.
"""

import array
import errno
import random
from bisect import bisect_left
from itertools import accumulate

import nbd

from lru import DROP, READ, WRITE
from pages import PAGE

DEPTH = 8
CONNECTIONS = 2
# Pages that are accessed alike: as many as a kernel reads ahead.
EXTENT = 8
LENGTHS = (1, 1, EXTENT, EXTENT, 4 * EXTENT)


class Skew:
    """Zipf's law over the extents of an export, the popular ones scattered."""

    def __init__(self, chance, pages, exponent):
        extents = pages // EXTENT
        weights = [1 / (rank + 1) ** exponent for rank in range(extents)]
        self.sums = list(accumulate(weights))
        self.places = list(range(extents))
        chance.shuffle(self.places)

    def extent(self, chance):
        return self.places[bisect_left(self.sums, chance.random() * self.sums[-1])]


class Tenant:
    def __init__(self, number, name, pages, samples, log, seed, exponent=1.0):
        self.number = number
        self.name = name
        self.pages = pages
        self.samples = samples
        self.log = log
        self.chance = random.Random(f"{seed} {name}")
        self.skew = Skew(self.chance, pages, exponent)
        # The last version of each page that is all zeros.
        self.zeroed = {}
        self.sent = array.array("I", [1]) * pages
        self.acked = array.array("I", [1]) * pages
        self.changing = bytearray(pages)
        self.counter = 0
        self.handles = []
        self.in_flight = 0
        self.written = 0
        self.read = 0
        self.filled = 0
        # Errors that an end in the middle of things may give; none otherwise.
        self.forgiven = ()
        self.refused = 0

    def connect(self, uri):
        for _ in range(CONNECTIONS):
            handle = nbd.NBD()
            handle.connect_uri(uri)
            self.handles.append(handle)

    def disconnect(self):
        for handle in self.handles:
            try:
                handle.shutdown()
            except nbd.Error:
                assert self.forgiven
        self.handles = []

    def key(self, page):
        return self.number << 32 | page

    def is_free(self, first, count):
        return not any(self.changing[first : first + count])

    def next_version(self, zero):
        self.counter += 1
        return self.counter << 1 | zero

    def ended_well(self, error):
        """Whether a command has succeeded; an error that is not forgiven ends the test."""
        self.in_flight -= 1
        if error.value == 0:
            return True
        assert error.value in self.forgiven, (self.name, errno.errorcode.get(error.value))
        self.refused += 1
        return False

    def change(self, handle, first, count, kind):
        """Sends a write, trim or zeroing of pages that nobody is changing."""
        version = self.next_version(kind != "write")
        for page in range(first, first + count):
            self.sent[page] = version
            if self.samples.is_zero(self.number, page, version):
                self.zeroed[page] = version
        self.changing[first : first + count] = b"\1" * count

        def done(error):
            self.changing[first : first + count] = bytes(count)
            if not self.ended_well(error):
                return 1
            for page in range(first, first + count):
                self.acked[page] = version
                zero = self.samples.is_zero(self.number, page, version)
                self.log.add(DROP if zero else WRITE, self.key(page))
            return 1

        self.in_flight += 1
        if kind == "write":
            data = bytearray(count * PAGE)
            for i in range(count):
                self.samples.fill(data, i * PAGE, self.number, first + i, version)
            self.written += count
            handle.aio_pwrite(nbd.Buffer.from_bytearray(data), first * PAGE, done)
        elif kind == "trim":
            handle.aio_trim(count * PAGE, first * PAGE, done)
        else:
            handle.aio_zero(count * PAGE, first * PAGE, done)

    def look(self, handle, first, count):
        """Sends a read, and compares what comes with the model."""
        before = self.acked[first : first + count]
        buffer = nbd.Buffer(count * PAGE)

        def done(error):
            if not self.ended_well(error):
                return 1
            data = buffer.to_bytearray()
            self.read += count
            for i in range(count):
                version = self.check(data, i * PAGE, first + i, before[i])
                if not self.samples.is_zero(self.number, first + i, version):
                    self.log.add(READ, self.key(first + i))
            return 1

        self.in_flight += 1
        handle.aio_pread(buffer, first * PAGE, done)

    def check(self, data, at, page, oldest):
        """The version of a page that was read; it must be one that may be there."""
        newest = self.sent[page]
        if self.samples.matches(data, at, self.number, page, newest):
            return newest
        if self.samples.matches(data, at, self.number, page, oldest):
            return oldest
        # Changed more than once while the read was under way, or by a change that was refused.
        version = self.samples.version_in(data, at)
        if version is None:
            version = self.zeroed.get(page, 0)
        if oldest < version < newest:
            if self.samples.matches(data, at, self.number, page, version):
                return version
        seen = bytes(data[at : at + 16]).hex()
        raise AssertionError(f"{self.name} page {page}: {seen} is none of {oldest}..{newest}")

    def step(self, handle):
        """Sends one more command of the mix, mostly where it is popular."""
        if self.filled < self.pages:
            count = min(4 * EXTENT, self.pages - self.filled)
            self.change(handle, self.filled, count, "write")
            self.filled += count
            return
        first = self.skew.extent(self.chance) * EXTENT
        count = self.chance.choice(LENGTHS)
        if count == 1:
            first += self.chance.randrange(EXTENT)
        count = min(count, self.pages - first)
        what = self.chance.random()
        if what < 0.5 or not self.is_free(first, count):
            self.look(handle, first, min(count, EXTENT))
        elif what < 0.95:
            self.change(handle, first, count, "write")
        else:
            self.change(handle, first, count, "trim" if what < 0.98 else "zero")

    def fill_up(self):
        """Keeps as many commands in flight as there may be."""
        for handle in self.handles:
            while handle.aio_in_flight() < DEPTH:
                self.step(handle)

    def sweep(self):
        """Sends reads of every page, one run after the other, as a generator that paces itself."""
        for first in range(0, self.pages, 4 * EXTENT):
            while self.handles[0].aio_in_flight() >= DEPTH:
                yield
            self.look(self.handles[0], first, min(4 * EXTENT, self.pages - first))
        while self.in_flight:
            yield
