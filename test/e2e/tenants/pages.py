"""What a page holds: named by tenant, page and version, so that the model keeps numbers only.

A version is a counter times two, plus one if the page is all zeros (trimmed or zeroed). Other
versions hold a sample page with a stamp over its first bytes: whoever is given another tenant's,
another page's or an older version's bytes sees it. A sample page of zeros has no stamp.
"""

import struct

PAGE = 4096
ZEROS = bytes(PAGE)
STAMP = struct.Struct("<IIII")


class Samples:
    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        self.pages = [data[at : at + PAGE] for at in range(0, len(data), PAGE)]
        self.zero = [page == ZEROS for page in self.pages]

    def index(self, tenant, page, version):
        mixed = (page * 0x9E3779B1 ^ version * 0x85EBCA6B ^ tenant * 0xC2B2AE35) & 0xFFFFFFFF
        return (mixed ^ mixed >> 15) % len(self.pages)

    def is_zero(self, tenant, page, version):
        return version & 1 == 1 or self.zero[self.index(tenant, page, version)]

    def fill(self, target, at, tenant, page, version):
        index = self.index(tenant, page, version)
        target[at : at + PAGE] = self.pages[index]
        if not self.zero[index]:
            STAMP.pack_into(target, at, 0x5A5A0000 | tenant, page, version, page ^ version)

    def matches(self, source, at, tenant, page, version):
        if self.is_zero(tenant, page, version):
            return source[at : at + PAGE] == ZEROS
        stamp = (0x5A5A0000 | tenant, page, version, page ^ version)
        if STAMP.unpack_from(source, at) != stamp:
            return False
        sample = self.pages[self.index(tenant, page, version)]
        return source[at + 16 : at + PAGE] == sample[16:]

    def version_in(self, source, at):
        """The version in a page's stamp; None in a page of zeros, which has none."""
        if source[at : at + PAGE] == ZEROS:
            return None
        return STAMP.unpack_from(source, at)[2]
