"""The operator: statistics over the control socket, everything else by the command line."""

import json
import socket
import subprocess

PAGE = 4096
# The largest zspage of zsmalloc: eight pages.
ZSPAGE = 8 * PAGE


class Control:
    """Samples statistics without ever waiting for them, and holds the pool to its limit."""

    def __init__(self, path, zswapd):
        self.path = path
        self.zswapd = zswapd
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.received = b""
        self.asked = False
        self.stats = None
        self.samples = 0
        self.overshoot = 0
        self.peak = 0
        self.running = None

    def ask(self):
        if not self.asked:
            self.asked = True
            self.socket.sendall(b'{"command":"stat"}\n')

    def readable(self):
        """Takes what has arrived; true if there are new statistics."""
        part = self.socket.recv(1 << 20)
        assert part, "the daemon has closed its control socket"
        self.received += part
        if not part.endswith(b"\n"):
            return False
        answer = json.loads(self.received)
        self.received = b""
        self.asked = False
        assert answer["ok"], answer
        self.look(answer["result"])
        return True

    def look(self, stats):
        """At its limit the pool takes nothing more, so it may be one zspage above it.

        A limit that has been lowered finds a larger pool, which must not grow any more.
        """
        total = stats["zswap"]["pool_total_size"]
        limit = stats["parameters"]["pool_size"]
        allowed = limit - PAGE + ZSPAGE
        if self.stats is not None:
            before = self.stats["parameters"]["pool_size"]
            if before > limit:
                allowed = before - PAGE + ZSPAGE
            allowed = max(allowed, self.stats["zswap"]["pool_total_size"])
        assert total <= allowed, f"pool {total}, limit {limit}, allowed {allowed}"
        if self.stats is None or self.stats["parameters"]["pool_size"] == limit:
            if self.stats is None or self.stats["zswap"]["pool_total_size"] <= limit:
                self.overshoot = max(self.overshoot, total - limit)
        self.peak = max(self.peak, total)
        self.samples += 1
        self.stats = stats

    def stat(self):
        """Statistics of this moment."""
        while self.asked:
            self.readable()
        self.ask()
        while not self.readable():
            pass
        return self.stats

    def command(self, request):
        """Sends a request as the command line does, and waits for its result."""
        while self.asked:
            self.readable()
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        received = b""
        while not received.endswith(b"\n"):
            received += self.socket.recv(1 << 16)
        answer = json.loads(received)
        assert answer["ok"], answer
        return answer["result"]

    def start(self, *words):
        """Starts a command of the operator's; one at a time."""
        assert self.running is None
        command = [*self.zswapd, *words, "--control", self.path]
        self.running = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def ended(self):
        """True once no command is running. One that fails ends the test."""
        if self.running is None:
            return True
        status = self.running.poll()
        if status is None:
            return False
        words = self.running.args[len(self.zswapd) : -2]
        assert status == 0, (words, status, self.running.stdout.read())
        self.running.stdout.close()
        self.running = None
        return True

    def run(self, *words):
        self.start(*words)
        self.running.wait()
        assert self.ended()
