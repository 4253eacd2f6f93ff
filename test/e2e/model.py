#!/usr/bin/python3
"""Random requests of any alignment against an NBD export and a bytearray that must always agree.

    model.py URI structured|simple SEED REQUESTS

Also sends what no strict client sends: requests past the end and of unknown flags must be refused
with the protocol's error and leave the connection and the data as they were.
Prints MODEL PASS or raises.
"""

import errno
import random
import sys

import nbd

LENGTH_MAX = 300_000


def refused(call, *args, expect):
    try:
        call(*args)
    except nbd.Error as error:
        assert error.errnum in expect, (call.__name__, args[-1], error.errnum, expect)
        return
    raise AssertionError(f"{call.__name__} past the end was accepted")


def open_handle(uri, structured):
    handle = nbd.NBD()
    handle.set_request_structured_replies(structured)
    # The checks of libnbd itself would keep wrong requests from the server.
    handle.set_strict_mode(0)
    handle.connect_uri(uri)
    assert handle.get_structured_replies_negotiated() == structured
    return handle


def some_data(chance, length):
    kind = chance.randrange(4)
    if kind == 0:
        return bytes(length)
    if kind == 1:
        return bytes([chance.randrange(256)]) * length
    if kind == 2:
        return (b"page %d " % chance.randrange(1000) * (length // 5 + 1))[:length]
    return chance.randbytes(length)


def some_range(chance, size):
    offset = chance.randrange(size)
    length = chance.choice([1, 511, 4095, 4096, 4097, 8192, 65536, LENGTH_MAX])
    if chance.randrange(2):
        offset &= ~4095
    else:
        length = chance.randrange(1, length + 1)
    return offset, min(length, size - offset)


def one_request(handle, model, chance):
    offset, length = some_range(chance, len(model))
    action = chance.randrange(10)
    flags = nbd.CMD_FLAG_FUA if chance.randrange(8) == 0 else 0
    if action < 4:
        data = some_data(chance, length)
        handle.pwrite(data, offset, flags)
        model[offset : offset + length] = data
    elif action < 8:
        assert handle.pread(length, offset) == model[offset : offset + length], (offset, length)
    elif action == 8:
        handle.zero(length, offset, flags | chance.choice([0, nbd.CMD_FLAG_NO_HOLE]))
        model[offset : offset + length] = bytes(length)
    else:
        # What a trim leaves is not promised, so the range is written again.
        handle.trim(length, offset, flags)
        data = some_data(chance, length)
        handle.pwrite(data, offset)
        model[offset : offset + length] = data


def errors_past_the_end(handle, size):
    page = bytes(4096)
    for offset in (size, size - 1, size - 4095, size + 4096, (1 << 63) - 8192):
        refused(handle.pread, 4096, offset, expect=[errno.EINVAL])
        refused(handle.pwrite, page, offset, expect=[errno.ENOSPC, errno.EINVAL])
        refused(handle.trim, 4096, offset, expect=[errno.ENOSPC, errno.EINVAL])
        refused(handle.zero, 4096, offset, expect=[errno.ENOSPC, errno.EINVAL])
    refused(handle.pwrite, page, 0, 1 << 14, expect=[errno.EINVAL])


def main():
    uri, replies, seed, requests = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    chance = random.Random(seed)
    handle = open_handle(uri, replies == "structured")
    size = handle.get_size()
    handle.zero(size, 0)
    model = bytearray(size)
    for count in range(requests):
        one_request(handle, model, chance)
        if count % 250 == 0:
            errors_past_the_end(handle, size)
    errors_past_the_end(handle, size)
    for offset in range(0, size, 1 << 20):
        assert handle.pread(1 << 20, offset) == model[offset : offset + (1 << 20)], offset
    handle.shutdown()
    print(f"MODEL PASS {requests} requests, {replies} replies, seed {seed}")


main()
