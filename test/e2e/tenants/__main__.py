#!/usr/bin/python3
"""Tenants that share a daemon, over libnbd: `tenants storm|limit OPTIONS`.

storm: tenants fill a pool many times over, first by themselves, where the hit ratio is compared
with an exact LRU's, then while an operator changes everything that can be changed. limit: one
tenant runs past its zswap.max beside two that must not notice. Prints one JSON object of figures,
or raises.
"""

import argparse
import errno
import json
import random
import select
import sys
import time

import nbd

from client import EXTENT, Tenant
from control import Control
from lru import BEGIN, CAPACITY, DROP, Log, replay
from pages import PAGE, Samples

MIB = 1 << 20
SAMPLE_SECONDS = 0.05


class World:
    """The event loop over all tenants' connections and the control socket."""

    def __init__(self, options):
        self.options = options
        self.control = Control(options.control, options.zswapd)
        self.samples = Samples(options.pages)
        self.log = Log()
        self.tenants = []
        self.made = 0
        self.gone_pages = 0
        self.next_sample = 0.0

    def uri(self, name):
        return f"nbd+unix:///{name}?socket={self.options.socket}"

    def tenant(self, name, pages, **more):
        self.made += 1
        tenant = Tenant(
            self.made, name, pages, self.samples, self.log, self.options.seed, **more
        )
        tenant.connect(self.uri(name))
        self.tenants.append(tenant)
        return tenant

    def sample(self):
        now = time.monotonic()
        if now >= self.next_sample:
            self.next_sample = now + SAMPLE_SECONDS
            self.control.ask()
            return True
        return False

    def poll(self):
        """Waits until something arrives, and has it dealt with."""
        poll = select.poll()
        owners = {}
        for tenant in self.tenants:
            for handle in tenant.handles:
                if handle.aio_is_closed() or handle.aio_is_dead():
                    continue
                direction = handle.aio_get_direction()
                events = 0
                if direction & nbd.AIO_DIRECTION_READ:
                    events |= select.POLLIN
                if direction & nbd.AIO_DIRECTION_WRITE:
                    events |= select.POLLOUT
                descriptor = handle.aio_get_fd()
                owners[descriptor] = (handle, tenant)
                poll.register(descriptor, events)
        if self.control.asked:
            poll.register(self.control.socket, select.POLLIN)
        for descriptor, events in poll.poll(20):
            if descriptor not in owners:
                if self.control.readable():
                    self.log.add(CAPACITY, self.control.stats["zswap"]["stored_pages"])
                continue
            handle, tenant = owners[descriptor]
            direction = handle.aio_get_direction()
            try:
                if events & ~select.POLLOUT and direction & nbd.AIO_DIRECTION_READ:
                    handle.aio_notify_read()
                elif events & select.POLLOUT and direction & nbd.AIO_DIRECTION_WRITE:
                    handle.aio_notify_write()
            except nbd.Error:
                assert tenant.forgiven, tenant.name
        self.sample()

    def settle(self, tenants=None):
        """Until nothing is in flight."""
        while any(tenant.in_flight for tenant in tenants or self.tenants):
            self.poll()

    def sweep(self, tenants):
        """Reads every page of some tenants."""
        sweeps = [tenant.sweep() for tenant in tenants]
        while sweeps:
            sweeps = [each for each in sweeps if next(each, each) is None]
            self.poll()

    def forget(self, tenant):
        """A tenant has gone with its export; what it has written counts."""
        self.tenants.remove(tenant)
        self.gone_pages += tenant.written
        for page in range(tenant.pages):
            self.log.add(DROP, tenant.key(page))

    def written(self):
        """Pages that all tenants have written, those included that have gone."""
        return self.gone_pages + sum(tenant.written for tenant in self.tenants)

    def traffic(self, tenants):
        """A round of the mix: as much in flight as may be, until something arrives."""
        for tenant in tenants:
            tenant.fill_up()
        self.poll()


class Phase:
    """What happens from here on, beside an exact LRU's hits and misses over the same accesses."""

    def __init__(self, world):
        self.world = world
        world.settle()
        self.before = world.control.stat()
        world.log.add(BEGIN, 0)
        self.start = world.written()

    def figures(self, exact=True):
        self.world.settle()
        after = self.world.control.stat()
        loads = {
            name: after["vmstat"][name] - self.before["vmstat"][name]
            for name in ("zswpin", "pswpin", "zswpwb", "zswpout")
        }
        hits, reads = replay(self.world.log)
        total = loads["zswpin"] + loads["pswpin"]
        # Each read of a page that is not zeros was served from the pool or from the device.
        assert not exact or reads == total, (reads, loads)
        refused = sum(after["rejects"].values()) - sum(self.before["rejects"].values())
        return {
            "written_bytes": (self.world.written() - self.start) * PAGE,
            "loads": total,
            "hit_ratio": round(loads["zswpin"] / max(1, total), 4),
            "lru_hit_ratio": round(hits / max(1, reads), 4),
            "stored": loads["zswpout"],
            "refused": refused,
            "written_back": loads["zswpwb"],
        }


def paced(world, pages, pool):
    """Nothing is refused: before the pool is full its operator has the coldest written back.

    So what has left the pool has left it by writeback, and the hit ratio tells of nothing else.
    """
    goal = world.written() + pages
    while world.written() < goal:
        world.traffic(world.tenants)
        if world.control.stats["zswap"]["pool_total_size"] > pool * 7 // 8:
            world.settle()
            for tenant in world.tenants:
                world.control.command({"command": "reclaim", "name": tenant.name, "bytes": "1M"})
    world.settle()


def crowded(world, pages):
    """As fast as it goes: a full pool refuses pages until its worker is done, as the kernel's."""
    goal = world.written() + pages
    while world.written() < goal:
        world.traffic(world.tenants)
    world.settle()


class Operator:
    """Changes one thing after the other; where an export comes or goes, its tenant does too."""

    def __init__(self, world, chance, pool):
        self.world = world
        self.chance = chance
        self.pool = pool
        self.guests = []
        self.joining = None
        self.leaving = None
        self.actions = 0
        self.bag = []

    def refill(self):
        """Everything once in an order of its own, what is switched over beside its way back."""
        pick = self.chance.choice
        first, second = (tenant.name for tenant in self.world.tenants[:2])
        pool = str(self.pool)
        groups = [
            [("set", "compressor", pick(["zstd:1", "zstd:-1"]))],
            [("set", "compressor", pick(["lzo", "lzo-rle"]))],
            [("set", "compressor", pick(["deflate", "null"])), ("set", "compressor", "lz4")],
            [("set", "zpool", pick(["zbud", "z3fold"])), ("set", "zpool", "zsmalloc")],
            [("set", "pool_size", str(self.pool * 3 // 4)), ("set", "pool_size", pool)],
            [("set", "max_pool_percent", "0"), ("set", "pool_size", pool)],
            [
                ("set", "accept_threshold_percent", pick(["80", "95"])),
                ("set", "accept_threshold_percent", "90"),
            ],
            [("set", "shrinker_enabled", "1"), ("set", "shrinker_enabled", "0")],
            [("set", "enabled", "0"), ("set", "enabled", "1")],
            [
                ("set", f"{second}:memory.zswap.max", "4M"),
                ("set", f"{second}:memory.zswap.max", "max"),
            ],
            [("reclaim", first, "4M")],
            [("join",)],
            [("leave",)],
            [("join",)],
            [("leave",)],
        ]
        self.chance.shuffle(groups)
        self.bag = [action for group in groups for action in reversed(group)]

    def next(self):
        """Starts the next action, once the last one has ended."""
        if not self.world.control.ended():
            return
        self.finish()
        if not self.bag:
            self.refill()
        action = self.bag.pop()
        self.actions += 1
        if action == ("join",):
            taken = [guest.name for guest in self.guests]
            # A name that has gone may come back at once.
            self.joining = next(
                name for name in map("guest{}".format, range(99)) if name not in taken
            )
            limit = self.chance.choice(["", ",zswap.max=2M", ",compressor=zstd:1"])
            self.world.control.start("export", "add", f"{self.joining}:16M{limit}")
        elif action == ("leave",):
            self.leave()
        else:
            self.world.control.start(*action)

    def finish(self):
        """What was begun and has come to its end."""
        if self.joining is not None:
            self.guests.append(self.world.tenant(self.joining, 16 * MIB // PAGE))
            self.joining = None
        if self.leaving is not None:
            assert self.leaving.in_flight == 0, self.leaving.name
            self.leaving.handles = []
            self.world.forget(self.leaving)
            self.leaving = None

    def leave(self):
        if not self.guests:
            return
        guest = self.guests.pop(0)
        if self.chance.random() < 0.5:
            # Swapped off first, as it should be.
            self.world.sweep([guest])
            self.world.settle([guest])
            guest.disconnect()
        # Else its commands are under way.
        guest.forgiven = (errno.ESHUTDOWN, errno.ENOTCONN, errno.EPIPE, errno.ECONNRESET)
        self.leaving = guest
        self.world.control.start("export", "remove", guest.name)

    def end(self):
        """Puts everything back."""
        while not self.world.control.ended():
            self.world.poll()
        self.finish()
        control = self.world.control
        for words in (
            ("enabled", "1"),
            ("compressor", "lz4"),
            ("zpool", "zsmalloc"),
            ("pool_size", str(self.pool)),
            ("accept_threshold_percent", "90"),
            ("shrinker_enabled", "0"),
        ):
            control.run("set", *words)


def storm(world, pages, pool):
    """The same while an operator changes everything, an action after each so many pages."""
    operator = Operator(world, random.Random(f"{world.options.seed} operator"), pool)
    start = world.written()
    due = 0
    while world.written() < start + pages:
        world.traffic([t for t in world.tenants if t is not operator.leaving])
        if world.control.ended():
            operator.finish()
            if world.written() >= start + due:
                due += pages // world.options.actions
                operator.next()
    operator.end()
    return operator.actions


def run_storm(options):
    world = World(options)
    pages = options.bytes // PAGE
    pool = world.control.stat()["parameters"]["pool_size"]
    began = time.monotonic()
    size = min(options.bytes // 16, 128 * MIB) // PAGE
    for name in ("a", "b", "c", "d"):
        world.tenant(name, size, exponent=options.skew)
    figures = {"seed": options.seed, "footprint_bytes": 4 * size * PAGE, "skew": options.skew}
    # Every page once, and some more to warm up both the pool and the reference.
    paced(world, 4 * size, pool)
    part = (pages - 4 * size) // 3
    phase = Phase(world)
    paced(world, part, pool)
    figures["paced"] = phase.figures()
    assert figures["paced"]["refused"] == 0, figures
    phase = Phase(world)
    crowded(world, part)
    figures["crowded"] = phase.figures()
    phase = Phase(world)
    figures["actions"] = storm(world, part, pool)
    figures["storm"] = phase.figures(exact=False)
    world.sweep(world.tenants)
    stats = world.control.stat()
    figures["written_bytes"] = world.written() * PAGE
    figures["read_bytes"] = sum(t.read for t in world.tenants) * PAGE
    figures["vmstat"] = stats["vmstat"]
    figures["rejects"] = stats["rejects"]
    for tenant in list(world.tenants):
        tenant.disconnect()
        world.control.run("export", "remove", tenant.name)
    stats = world.control.stat()
    left = {
        "stored_pages": stats["zswap"]["stored_pages"],
        "pool_total_size": stats["zswap"]["pool_total_size"],
        "decompress_fail": stats["zswap"]["decompress_fail"],
        "spill_used": stats["spill"]["used_bytes"],
        "io_errors": stats["spill"]["io_errors"],
        "checksum_errors": stats["spill"]["checksum_errors"],
    }
    assert not any(left.values()), left
    figures["seconds"] = round(time.monotonic() - began, 1)
    figures["samples"] = world.control.samples
    figures["pool_peak"] = world.control.peak
    figures["overshoot_bytes"] = world.control.overshoot
    return figures


def serve_reads(world, tenants, count):
    """The same reads each time: what a tenant that only reads gets from the pool and the device."""
    chances = [random.Random(f"{world.options.seed} {tenant.name} reads") for tenant in tenants]
    left = [count] * len(tenants)
    while any(left):
        for i, tenant in enumerate(tenants):
            for handle in tenant.handles:
                while left[i] and handle.aio_in_flight() < 4:
                    left[i] -= 1
                    tenant.look(handle, tenant.skew.extent(chances[i]) * EXTENT, EXTENT)
        yield
    while any(tenant.in_flight for tenant in tenants):
        yield


def of_tenants(stats, tenants):
    return {tenant.name: stats["memcg"][tenant.name] for tenant in tenants}


def loads_between(before, after):
    names = ("zswpin", "pswpin", "zswpwb")
    return {
        tenant: {name: after[tenant][name] - before[tenant][name] for name in names}
        for tenant in before
    }


def run_limit(options):
    """`small` has its limit and is past it, `large` has none; then `loud` runs past its own."""
    world = World(options)
    for name in ("large", "small", "loud"):
        world.tenant(name, 48 * MIB // PAGE)
    *siblings, loud = world.tenants
    while any(tenant.filled < tenant.pages for tenant in siblings):
        for tenant in siblings:
            for handle in tenant.handles:
                if tenant.filled < tenant.pages and handle.aio_in_flight() < 4:
                    tenant.step(handle)
        world.poll()
    world.settle()
    start = of_tenants(world.control.stat(), siblings)
    for _ in serve_reads(world, siblings, 4000):
        world.poll()
    alone = of_tenants(world.control.stat(), siblings)
    reading = serve_reads(world, siblings, 4000)
    ended = False
    while not ended or loud.written * PAGE < options.bytes:
        ended = next(reading, True) is True
        if loud.written * PAGE < options.bytes:
            loud.fill_up()
        world.poll()
    world.settle()
    stats = world.control.stat()
    beside = of_tenants(stats, siblings)
    own = stats["memcg"]["loud"]
    for tenant in siblings:
        for name in ("memory.zswap.current", "zswapped"):
            assert start[tenant.name][name] == beside[tenant.name][name], (tenant.name, name)
    figures = {
        "alone": loads_between(start, alone),
        "beside": loads_between(alone, beside),
        "loud": {name: own[name] for name in own},
        "loud_written_bytes": loud.written * PAGE,
        "pool_limit_hit": stats["zswap"]["pool_limit_hit"],
    }
    assert figures["alone"] == figures["beside"], figures
    assert all(each["zswpwb"] == 0 for each in figures["beside"].values()), figures
    assert all(each["zswpin"] > 0 for each in figures["beside"].values()), figures
    assert figures["beside"]["small"]["pswpin"] > 0 and figures["pool_limit_hit"] == 0, figures
    # A store is admitted below the limit, so it may end up to one page above it.
    assert own["memory.zswap.current"] < own["memory.zswap.max"] + PAGE, figures
    assert own["zswpwb"] > 0, figures
    world.sweep(world.tenants)
    for tenant in world.tenants:
        tenant.disconnect()
    return figures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["storm", "limit"])
    for name in ("--control", "--socket", "--pages"):
        parser.add_argument(name, required=True)
    parser.add_argument("--zswapd", nargs=2, required=True, help="node and main.js")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--bytes", type=int, default=1 << 30)
    parser.add_argument("--actions", type=int, default=48)
    parser.add_argument("--skew", type=float, default=1.0)
    options = parser.parse_args()
    figures = {"storm": run_storm, "limit": run_limit}[options.what](options)
    json.dump(figures, sys.stdout)
    print()


main()
